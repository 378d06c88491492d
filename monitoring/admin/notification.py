"""Avisos ao plantão: who was notified of which alert by which channel, and what could not be sent."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from carinho.console import badge_counts, badges, dates, labels
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import list_of, page_of
from carinho.console.filters import choice_filter
from carinho.masking import mask
from monitoring import notifications
from monitoring.models import Notification, NotificationStatus

OPERATE = "monitoring.change_notification"
TONES = {"queued": "info", "sent": "success", "failed": "danger"}

REQUEUE = Action(
    name="requeue",
    title=_("Tentar de novo"),
    button=ngettext_lazy("Enviar %(count)d aviso de novo", "Enviar %(count)d avisos de novo", "count"),
    done=ngettext_lazy(
        "%(count)d aviso voltou para a fila.", "%(count)d avisos voltaram para a fila.", "count"
    ),
    effect=_("Cada aviso é enviado de novo em instantes, com todas as suas tentativas."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: notifications.requeue(ids, actor=actor),
    icon="replay",
    is_main=True,
)
DISCARD = Action(
    name="discard",
    title=_("Descartar"),
    button=ngettext_lazy("Descartar %(count)d aviso", "Descartar %(count)d avisos", "count"),
    done=ngettext_lazy("%(count)d aviso descartado.", "%(count)d avisos descartados.", "count"),
    effect=_("Ninguém recebe estes avisos. O alerta de cada um fica como está."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: notifications.discard(ids, actor=actor),
    icon="delete",
)


@admin.register(Notification)
class NotificationAdmin(ActionAdmin):
    all_well = _("Tudo certo: nenhum alerta precisou avisar o plantão. Cada aviso aparece aqui.")
    intro = _("O que o hub avisou ao plantão sobre os alertas, e o que não saiu e espera uma decisão.")
    row_actions = (REQUEUE, DISCARD)
    list_display = ("about", "by", "recipient_masked", "state", "why", "tries", "created")
    list_select_related = ("alert",)
    list_filter = (
        choice_filter(
            "status",
            _("situação"),
            lambda: [*NotificationStatus.choices, ("all", _("todas"))],
            default="failed",
            every="all",
            is_tab=True,
        ),
        choice_filter("channel", _("por onde"), lambda: list(notifications.BY.items())),
    )
    sortable_by = ()

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return self.row_actions if request.GET.get("status", "failed") in ("failed", "all") else ()

    @admin.display(description=_("Aviso"))
    def about(self, row: Notification) -> str:
        return notifications.sentence(row)

    @admin.display(description=_("Por onde"))
    def by(self, row: Notification) -> str:
        return str(notifications.BY.get(row.channel, row.channel))

    @admin.display(description=_("Para"))
    def recipient_masked(self, row: Notification) -> str:
        return str(mask(row.recipient)) or "—"

    @admin.display(description=_("Situação"))
    def state(self, row: Notification) -> str:
        return badges.badge(NotificationStatus(row.status).label, TONES.get(row.status, "neutral"))

    @admin.display(description=_("Por quê"))
    def why(self, row: Notification) -> str:
        return labels.error(str(mask(row.error)))

    @admin.display(description=_("Tentativas"))
    def tries(self, row: Notification) -> str:
        return str(row.attempts)

    @admin.display(description=_("Criado"))
    def created(self, row: Notification) -> str:
        return dates.moment(row.created_at)

    def item_context(self, request: HttpRequest, row: Notification) -> dict[str, Any]:
        alert = format_html('<a href="{}">{}</a>', page_of(row.alert), row.alert.message)
        names = ["requeue", "discard"] if row.status == NotificationStatus.FAILED else []
        return {
            "pairs": [
                (_("Alerta"), alert),
                (_("Por onde"), self.by(row)),
                (_("Para"), self.recipient_masked(row)),
                (_("Situação"), self.state(row)),
                (_("Por quê"), self.why(row)),
                (_("Tentativas"), self.tries(row)),
                (_("Próxima tentativa"), dates.moment(row.due_at)),
                (_("Enviado"), dates.moment(row.sent_at)),
                (_("Criado"), self.created(row)),
            ],
            "buttons": self.buttons(request, names, row.pk),
        }


@badge_counts.counted
def failed_count(request: HttpRequest) -> dict[str, int]:
    if not request.user.has_perm("monitoring.view_notification"):
        return {}
    return {"notifications": Notification.objects.filter(status=NotificationStatus.FAILED).count()}


@badge_counts.also_waiting
def given_up(request: HttpRequest) -> badge_counts.Elsewhere | None:
    count = failed_count(request).get("notifications", 0)
    sentence = ngettext(
        "%(count)d aviso ao plantão não pôde ser enviado.",
        "%(count)d avisos ao plantão não puderam ser enviados.",
        count,
    )
    return badge_counts.Elsewhere(sentence % {"count": count}, list_of(Notification, "status=failed"), count)
