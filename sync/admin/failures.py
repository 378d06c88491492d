"""Records that a synchronisation could not bring over: each is retried alone, or with others."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.console import dates
from carinho.console.actions import Action, ActionAdmin
from carinho.console.filters import DayFilter, choice_filter
from carinho.masking import mask
from events import titles
from sync import labels
from sync.admin.starting import start_records
from sync.api.filters import job_titles
from sync.models import FailureStatus, SyncFailure
from sync.templatetags.sync_console import failure_state

RETRY = Action(
    name="retry",
    title=_("Tentar de novo"),
    button=ngettext_lazy("Tentar %(count)d registro de novo", "Tentar %(count)d registros de novo", "count"),
    done=ngettext_lazy(
        "%(count)d registro será tentado agora.", "%(count)d registros serão tentados agora.", "count"
    ),
    effect=_(
        "Só estes registros são gravados e confirmados agora. Fecham sozinhos quando dão certo. "
        "Se a sincronização já estiver em execução, ela mesma os tenta de novo."
    ),
    permission="sync.change_syncfailure",
    run=lambda ids, actor, _reason: start_records(
        SyncFailure.objects.filter(pk__in=ids, status="open"), "failures", actor
    ),
    icon="replay",
    is_main=True,
)


@admin.register(SyncFailure)
class FailureAdmin(ActionAdmin):
    intro = _("Registros que não puderam ser levados ao outro sistema. Fecham sozinhos quando dão certo.")
    row_actions = (RETRY,)
    list_display = ("record", "which", "what", "why", "since", "times", "state")
    list_filter = (
        choice_filter("status", _("situação"), lambda: FailureStatus.choices),
        choice_filter("job_id", _("sincronização"), job_titles),
        ("failed_at", DayFilter),
    )
    search_fields = ("key", "reason")
    search_help_text = _("Número do registro ou texto do motivo")

    @admin.display(description=_("registro"), ordering="key")
    def record(self, row: SyncFailure) -> str:
        return row.key

    @admin.display(description=_("sincronização"), ordering="job_id")
    def which(self, row: SyncFailure) -> str:
        return labels.job(row.job_id)

    @admin.display(description=_("o que houve"))
    def what(self, row: SyncFailure) -> str:
        return str(titles.cause(row.cause).title)

    @admin.display(description=_("motivo"))
    def why(self, row: SyncFailure) -> str:
        return format_html('<span class="c-muted">{}</span>', row.reason)

    @admin.display(description=_("desde"), ordering="created_at")
    def since(self, row: SyncFailure) -> str:
        return dates.moment(row.created_at)

    @admin.display(description=_("tentativas"), ordering="attempts")
    def times(self, row: SyncFailure) -> str:
        return str(row.attempts)

    @admin.display(description=_("situação"), ordering="status")
    def state(self, row: SyncFailure) -> str:
        return failure_state(row.status)

    def crumb(self, row: Any) -> str:
        return str(_("Registro %s") % row.key)

    def item_context(self, request: HttpRequest, row: SyncFailure) -> dict[str, Any]:
        cause = titles.cause(row.cause)
        return {
            "pairs": [
                (_("Sincronização"), labels.job(row.job_id)),
                (_("Situação"), failure_state(row.status)),
                (_("O que houve"), cause.title),
                (_("Motivo"), row.reason),
                (_("O que fazer"), cause.recipe),
                (_("Desde"), dates.moment(row.created_at)),
                (_("Última falha"), dates.moment(row.failed_at)),
                (_("Tentativas"), row.attempts),
            ],
            "detail": json.dumps(mask(row.payload), ensure_ascii=False, indent=2),
            "buttons": self.buttons(request, ["retry"], row.pk) if row.status == "open" else [],
        }
