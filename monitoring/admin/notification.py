"""Avisos ao plantão: who was notified of which alert by which channel, and what could not be sent."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
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

    def get_all_well(self, request: HttpRequest) -> Any:
        if request.GET:
            return ""
        if not notifications.recipients():  # which is said above the list, and is not well
            return _("Aqui aparece cada aviso, com quem o recebeu e quando.")
        if Notification.objects.exists():
            return _("Nada deixou de sair. Em Todas está cada aviso, com quem o recebeu e quando.")
        return _("Nenhum alerta precisou avisar o plantão até agora. Cada aviso aparece aqui.")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"facts": list(facts())} | (extra_context or {}))

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
        badge = badges.badge(NotificationStatus(row.status).label, TONES.get(row.status, "neutral"))
        return format_html("{} {}", badge, dates.moment(row.sent_at or row.due_at, ""))

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
        alert = format_html('<a href="{}">{}</a>', page_of(row.alert), row.alert.sentence)
        names = ["requeue", "discard"] if row.status == NotificationStatus.FAILED else []
        return {
            "pairs": [
                (_("Alerta"), alert),
                (_("Por onde"), self.by(row)),
                (_("Para"), self.recipient_masked(row)),
                (_("Situação"), self.state(row)),
                (_("Por quê"), self.why(row)),
                (_("Tentativas"), self.tries(row)),
                (_("Criado"), self.created(row)),
            ],
            "buttons": self.buttons(request, names, row.pk),
        }


def facts() -> Iterator[SafeString]:
    """Whom the alerts notify, the last that went out, and what has not yet."""
    recipients = notifications.recipients()
    if not recipients:
        yield format_html(
            '<span class="c-error-text" title="{}">{}</span>',
            "ALERT_EMAILS, ALERT_WHATSAPP_NUMBERS, ALERT_WEBHOOK_URL",
            _now(
                "Ninguém é avisado dos alertas: nenhum e-mail, número nem endereço está configurado. "
                "Um administrador do servidor o configura."
            ),
        )
    else:
        each = [
            " ".join([str(notifications.BY[channel]), ", ".join(str(mask(one)) for one in those if one)])
            for channel, those in recipients.items()
        ]
        yield format_html("{}", _now("São avisados: %s.") % "; ".join(map(str.strip, each)))
    sent = Notification.objects.filter(status=NotificationStatus.SENT).select_related("alert")
    if last := sent.order_by("-id").first():
        yield format_html(
            '{} {}, {}: <a href="{}">{}</a>',
            _now("O último saiu"),
            dates.moment(last.sent_at),
            " ".join(filter(None, [str(notifications.BY[last.channel]), str(mask(last.recipient))])),
            page_of(last),
            notifications.sentence(last),
        )
    if waiting := Notification.objects.filter(status=NotificationStatus.QUEUED).count():
        words = ngettext(
            "%(count)d aviso ainda não saiu: é tentado de novo sozinho.",
            "%(count)d avisos ainda não saíram: são tentados de novo sozinhos.",
            waiting,
        )
        address = list_of(Notification, f"status={NotificationStatus.QUEUED}")
        yield format_html('<a href="{}">{}</a>', address, words % {"count": waiting})


@badge_counts.counted
def failed_count(request: HttpRequest) -> dict[str, int]:
    if not request.user.has_perm("monitoring.view_notification"):
        return {}
    failed = Notification.objects.filter(status=NotificationStatus.FAILED)
    return {"notifications": badge_counts.number(request, "notifications", failed.count)}


@badge_counts.also_waiting
def given_up(request: HttpRequest) -> badge_counts.Elsewhere | None:
    count = failed_count(request).get("notifications", 0)
    sentence = ngettext(
        "%(count)d aviso ao plantão não pôde ser enviado.",
        "%(count)d avisos ao plantão não puderam ser enviados.",
        count,
    )
    return badge_counts.Elsewhere(sentence % {"count": count}, list_of(Notification, "status=failed"), count)
