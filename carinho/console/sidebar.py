"""What the sidebar offers, in the order of the day's work."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from carinho.console import badge_counts

Item = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One line of the sidebar: seen by those with `permission`, with the `number` of what waits there."""

    title: Any
    icon: str
    route: str
    permission: str = ""
    query: str = ""
    number: str = ""

    def item(self, request: HttpRequest, numbers: dict[str, int]) -> Item:
        path = reverse(f"admin:{self.route}")
        item = {
            "title": self.title,
            "icon": self.icon,
            "link": f"{path}?{self.query}" if self.query else path,
        }
        item["active"] = self is _page_of(request)
        if numbers.get(self.number):
            tone = "danger" if self.number == "open" else "warning"
            item |= {"badge": numbers[self.number], "badge_variant": tone}
        return item


DAY = [
    Page(_("Painel"), "monitor_heart", "index"),
    Page(_("Ronda"), "checklist", "monitoring_round_changelist", "monitoring.view_round"),
    Page(
        _("Precisa de você"),
        "pan_tool",
        "events_deadletter_changelist",
        "events.view_deadletter",
        number="open",
    ),
    Page(
        _("Tentando de novo"),
        "update",
        "events_delivery_changelist",
        "events.view_delivery",
        query="queue=retrying",
        number="retrying",
    ),
    Page(
        _("Retidas"),
        "pause_circle",
        "events_circuitbreaker_held",
        "events.view_circuitbreaker",
        number="held",
    ),
]
WATCH = [
    Page(_("Eventos"), "bolt", "events_event_changelist", "events.view_event"),
    Page(_("Entregas"), "local_shipping", "events_delivery_changelist", "events.view_delivery"),
    Page(_("Recusados"), "block", "events_rejectedrequest_changelist", "events.view_rejectedrequest"),
    Page(_("Sincronizações"), "sync", "sync_syncjob_changelist", "sync.view_syncjob"),
    Page(_("Sistemas"), "hub", "events_circuitbreaker_changelist", "events.view_circuitbreaker"),
    Page(
        _("Alertas"),
        "notifications",
        "monitoring_alert_changelist",
        "monitoring.view_alert",
        number="alerts",
    ),
    Page(
        _("Avisos ao plantão"),
        "campaign",
        "monitoring_notification_changelist",
        "monitoring.view_notification",
        number="notifications",
    ),
    Page(_("Relatórios"), "monitoring", "monitoring_report_changelist", "monitoring.view_report"),
]
WHATSAPP = [
    Page(_("Conexão"), "chat", "whatsapp_channel_changelist", "whatsapp.view_channel"),
    Page(_("Mensagens"), "outgoing_mail", "whatsapp_message_changelist", "whatsapp.view_message"),
    Page(_("Contatos"), "contacts", "whatsapp_contact_changelist", "whatsapp.view_contact"),
    Page(_("Textos"), "edit_note", "whatsapp_template_changelist", "whatsapp.view_template"),
    Page(
        _("Avisos do Z-API"),
        "inbox",
        "whatsapp_callback_changelist",
        "whatsapp.view_callback",
        number="callbacks",
    ),
]
ACCESS = [
    Page(_("Pessoas"), "group", "auth_user_changelist", "auth.view_user"),
    Page(_("Papéis"), "badge", "auth_group_changelist", "auth.view_group"),
    Page(_("Chaves de API"), "key", "access_apikey_changelist", "access.view_apikey"),
    Page(_("Trilha"), "history", "access_auditentry_changelist", "access.view_auditentry"),
    Page(_("Entradas negadas"), "lock", "axes_accessattempt_changelist", "axes.view_accessattempt"),
]
SCHEDULES = [
    Page(
        _("Agendamentos"),
        "schedule",
        "django_celery_beat_periodictask_changelist",
        "django_celery_beat.view_periodictask",
    ),
    Page(
        _("Intervalos"),
        "timer",
        "django_celery_beat_intervalschedule_changelist",
        "django_celery_beat.view_intervalschedule",
    ),
    Page(
        _("Horários"),
        "calendar_month",
        "django_celery_beat_crontabschedule_changelist",
        "django_celery_beat.view_crontabschedule",
    ),
]
GROUPS = [
    ("", DAY),
    (_("Acompanhar"), WATCH),
    (_("WhatsApp"), WHATSAPP),
    (_("Acesso"), ACCESS),
    (_("Administração"), SCHEDULES),
]


def sidebar(request: HttpRequest) -> list[Item]:
    """The pages this person may see, in the order of the day's work, with the numbers that ask for them."""
    numbers = badge_counts.waiting(request)
    groups = [
        {"title": title, "items": [page.item(request, numbers) for page in pages if _may_see(request, page)]}
        for title, pages in GROUPS
    ]
    return [group for group in groups if group["items"]]


def _may_see(request: HttpRequest, page: Page) -> bool:
    return not page.permission or request.user.has_perm(page.permission)


def _page_of(request: HttpRequest) -> Page | None:
    """The line of the sidebar to which the page on show belongs: the longest matching address."""
    here = [page for _title, pages in GROUPS for page in pages if _leads_to(page, request)]
    return max(here, key=lambda page: (len(page.query), len(reverse(f"admin:{page.route}"))), default=None)


def _leads_to(page: Page, request: HttpRequest) -> bool:
    path = reverse(f"admin:{page.route}")
    if page.route == "index":
        return request.path == path
    return request.path.startswith(path) and page.query in request.GET.urlencode()
