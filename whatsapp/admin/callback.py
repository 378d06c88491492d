"""Avisos do Z-API: every callback, the ignored ones with their cause."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from carinho.access.audit_log import Audited
from carinho.console import badge_counts, badges, dates
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import list_of
from carinho.console.filters import DayFilter, choice_filter
from carinho.masking import mask, mask_text
from whatsapp.callbacks import inbox
from whatsapp.models import Callback, CallbackStatus, IgnoredCause

KINDS = {
    "ReceivedCallback": _("mensagem"),
    "DeliveryCallback": _("envio nosso"),
    "MessageStatusCallback": _("situação de um envio"),
    "ConnectedCallback": _("conectou"),
    "DisconnectedCallback": _("desconectou"),
    "PresenceChatCallback": _("presença"),
}
OPERATE = "whatsapp.change_sentmessage"
TONES = {CallbackStatus.DONE: "success", CallbackStatus.FAILED: "danger", CallbackStatus.WAITING: "info"}

READ_AGAIN_BY = Audited("callback.read_again", _("mandou ler o aviso de novo"))
DISMISSED_BY = Audited("callback.dismissed", _("dispensou o aviso"))


def _recorded(action: Audited, move: Callable[[Sequence[Any]], list[int]]) -> Callable[..., list[int]]:
    @transaction.atomic
    def run(ids: Sequence[Any], actor: str, reason: str) -> list[int]:
        moved = move(ids)
        for pk in moved:
            action.record(actor, f"callback {pk}", {"reason": reason} if reason else {})
        return moved

    return run


READ_AGAIN = Action(
    name="read_again",
    title=_("Ler de novo"),
    button=ngettext_lazy("Ler %(count)d aviso de novo", "Ler %(count)d avisos de novo", "count"),
    done=ngettext_lazy(
        "%(count)d aviso será lido de novo.", "%(count)d avisos serão lidos de novo.", "count"
    ),
    effect=_("O aviso volta agora para a fila de leitura. Se falhar de novo, volta para esta lista."),
    permission=OPERATE,
    run=_recorded(READ_AGAIN_BY, inbox.read_again),
    icon="replay",
    is_main=True,
)
DISMISS = Action(
    name="dismiss",
    title=_("Dispensar"),
    button=ngettext_lazy("Dispensar %(count)d aviso", "Dispensar %(count)d avisos", "count"),
    done=ngettext_lazy("%(count)d aviso dispensado.", "%(count)d avisos dispensados.", "count"),
    effect=_("Nada mais será feito com o aviso. Antes, veja no celular o que a pessoa escreveu."),
    permission=OPERATE,
    run=_recorded(DISMISSED_BY, inbox.dismiss),
    icon="archive",
    asks_reason=True,
)


@badge_counts.counted
def failed_count(request: HttpRequest) -> dict[str, int]:
    if not request.user.has_perm("whatsapp.view_callback"):
        return {}
    return {"callbacks": badge_counts.number(request, "callbacks", inbox.given_up().count)}


@badge_counts.also_waiting
def given_up(request: HttpRequest) -> badge_counts.Elsewhere:
    """What WhatsApp told us and the hub could not read."""
    count = failed_count(request).get("callbacks", 0)
    sentence = ngettext(
        "%(count)d aviso do WhatsApp não pôde ser lido: talvez uma mensagem de alguém.",
        "%(count)d avisos do WhatsApp não puderam ser lidos: talvez mensagens de alguém.",
        count,
    )
    return badge_counts.Elsewhere(sentence % {"count": count}, list_of(Callback, "status=failed"), count)


@admin.register(Callback)
class CallbackAdmin(ActionAdmin):
    row_actions = (READ_AGAIN, DISMISS)
    all_well = _("Nada ainda. Cada aviso do Z-API aparece aqui assim que chega.")
    technical = "callbacks"
    intro = _("Tudo o que o Z-API avisou, também o que foi ignorado e por quê.")
    list_display = ("kind", "state", "why", "repeats", "received")
    list_filter = (
        choice_filter("status", _("situação"), lambda: CallbackStatus.choices),
        choice_filter("cause", _("por que foi ignorado"), lambda: IgnoredCause.choices),
        ("received_at", DayFilter),
    )
    search_fields = ("message_ids",)
    search_help_text = _("Id da mensagem")
    sortable_by = ()

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return self.row_actions if request.GET.get("status") == CallbackStatus.FAILED else ()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found = queryset.filter(message_ids__contains=[search_term]) if search_term else queryset
        return found, False

    @admin.display(description=_("Tipo"))
    def kind(self, row: Callback) -> str:
        return format_html('<span title="{}">{}</span>', row.type, KINDS.get(row.type, row.type or "—"))

    @admin.display(description=_("Situação"))
    def state(self, row: Callback) -> str:
        status = CallbackStatus(row.status)
        return badges.badge(status.label, TONES.get(status, "neutral"), row.status)

    @admin.display(description=_("Por quê"))
    def why(self, row: Callback) -> str:
        return str(IgnoredCause(row.cause).label) if row.cause else mask_text(row.error)

    @admin.display(description=_("Repetições"))
    def repeats(self, row: Callback) -> str:
        return str(row.duplicates or "")

    @admin.display(description=_("Chegou"))
    def received(self, row: Callback) -> str:
        return dates.moment(row.received_at)

    def item_context(self, request: HttpRequest, row: Callback) -> dict[str, Any]:
        fitting = [action.name for action in self.row_actions] if row.status == CallbackStatus.FAILED else []
        return {
            "buttons": self.buttons(request, fitting, row.pk),
            "pairs": [
                (_("Tipo"), self.kind(row)),
                (_("Situação"), self.state(row)),
                (_("Por quê"), self.why(row)),
                (_("Repetições"), self.repeats(row)),
                (_("Chegou"), self.received(row)),
            ],
            "detail": json.dumps(mask(row.body), ensure_ascii=False, indent=2),
        }
