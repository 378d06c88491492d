"""What the sidebar offers, in the order of the day's work."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from carinho.console import badge_counts

Item = dict[str, Any]


@dataclass(frozen=True)
class SidebarLink:
    """One line of the sidebar: seen by those with `permission`, with the `number` of what waits there."""

    title: Any
    icon: str
    route: str
    permission: str = ""
    query: str = ""
    number: str = ""

    @cached_property
    def path(self) -> str:
        return reverse(f"admin:{self.route}")

    def item(self, numbers: dict[str, int], *, active: bool) -> Item:
        item: Item = {
            "title": self.title,
            "icon": self.icon,
            "link": f"{self.path}?{self.query}" if self.query else self.path,
            "active": active,
        }
        if numbers.get(self.number):
            tone = "danger" if numbers.get(f"{self.number}_critical") else "warning"
            item |= {"badge": numbers[self.number], "badge_variant": tone}
        return item


DAY = [
    SidebarLink(_("Painel"), "monitor_heart", "index"),
    SidebarLink(_("Ronda"), "checklist", "monitoring_round_changelist", "monitoring.view_round"),
    SidebarLink(
        _("Precisa de você"),
        "pan_tool",
        "events_deadletter_changelist",
        "events.view_deadletter",
        number="open",
    ),
    SidebarLink(
        _("Tentando de novo"),
        "update",
        "events_delivery_changelist",
        "events.view_delivery",
        query="queue=retrying",
        number="retrying",
    ),
    SidebarLink(
        _("Retidas"),
        "pause_circle",
        "events_circuitbreaker_held",
        "events.view_circuitbreaker",
        number="held",
    ),
]
WATCH = [
    SidebarLink(_("Eventos"), "bolt", "events_event_changelist", "events.view_event"),
    SidebarLink(_("Entregas"), "local_shipping", "events_delivery_changelist", "events.view_delivery"),
    SidebarLink(
        _("Recusados"),
        "block",
        "events_rejectedrequest_changelist",
        "events.view_rejectedrequest",
        number="rejected_requests",
    ),
    SidebarLink(
        _("Ligações a fazer"),
        "phone_forwarded",
        "events_correction_changelist",
        "events.view_correction",
        query="call=owed",
        number="owed_calls",
    ),
    SidebarLink(_("Sincronizações"), "sync", "sync_syncjob_changelist", "sync.view_syncjob"),
    SidebarLink(_("Sistemas"), "hub", "events_circuitbreaker_changelist", "events.view_circuitbreaker"),
    SidebarLink(
        _("Alertas"),
        "notifications",
        "monitoring_alert_changelist",
        "monitoring.view_alert",
        number="alerts",
    ),
    SidebarLink(
        _("Avisos ao plantão"),
        "campaign",
        "monitoring_notification_changelist",
        "monitoring.view_notification",
        number="notifications",
    ),
    SidebarLink(_("Relatórios"), "monitoring", "monitoring_report_changelist", "monitoring.view_report"),
    SidebarLink(_("Procedimentos"), "menu_book", "monitoring_alert_runbook", "monitoring.view_alert"),
    SidebarLink(_("Quem chamar"), "call", "monitoring_alert_contacts", "monitoring.view_alert"),
]
WHATSAPP = [
    SidebarLink(_("Conexão"), "chat", "whatsapp_connection_changelist", "whatsapp.view_connection"),
    SidebarLink(
        _("Mensagens"), "outgoing_mail", "whatsapp_sentmessage_changelist", "whatsapp.view_sentmessage"
    ),
    SidebarLink(_("Contatos"), "contacts", "whatsapp_contact_changelist", "whatsapp.view_contact"),
    SidebarLink(_("Textos"), "edit_note", "whatsapp_template_changelist", "whatsapp.view_template"),
    SidebarLink(
        _("Avisos do Z-API"),
        "inbox",
        "whatsapp_callback_changelist",
        "whatsapp.view_callback",
        number="callbacks",
    ),
]
ACCESS = [
    SidebarLink(_("Pessoas"), "group", "auth_user_changelist", "auth.view_user"),
    SidebarLink(_("Papéis"), "badge", "auth_group_changelist", "auth.view_group"),
    SidebarLink(_("Chaves de API"), "key", "access_apikey_changelist", "access.view_apikey"),
    SidebarLink(
        _("Quem assina webhooks"),
        "webhook",
        "access_webhooksender_changelist",
        "access.view_webhooksender",
    ),
    SidebarLink(
        _("Quem recebe webhooks"),
        "outbound",
        "webhooks_webhooksubscription_changelist",
        "webhooks.view_webhooksubscription",
    ),
    SidebarLink(_("Trilha"), "history", "access_auditentry_changelist", "access.view_auditentry"),
    SidebarLink(_("Dados de uma pessoa"), "policy", "monitoring_erasure_changelist", "events.erase_event"),
    SidebarLink(_("Guarda dos dados"), "auto_delete", "monitoring_erasure_kept", "events.erase_event"),
    SidebarLink(_("Entradas negadas"), "lock", "axes_accessattempt_changelist", "axes.view_accessattempt"),
]
SCHEDULES = [
    SidebarLink(
        _("Conectar um sistema"),
        "cable",
        "events_conformancecheck_changelist",
        "events.change_conformancecheck",
    ),
    SidebarLink(
        _("Agendamentos"),
        "schedule",
        "django_celery_beat_periodictask_changelist",
        "django_celery_beat.view_periodictask",
    ),
    SidebarLink(
        _("Intervalos"),
        "timer",
        "django_celery_beat_intervalschedule_changelist",
        "django_celery_beat.view_intervalschedule",
    ),
    SidebarLink(
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
    numbers, here = badge_counts.waiting(request), _link_of(request)
    groups = [
        {
            "title": title,
            "items": [
                page.item(numbers, active=page is here)
                for page in pages
                if not page.permission or request.user.has_perm(page.permission)
            ],
        }
        for title, pages in GROUPS
    ]
    return [group for group in groups if group["items"]]


def title_of(address: str) -> Any:
    """What the sidebar calls the page at this address; nothing where it does not lead there."""
    pages = (page for _title, group in GROUPS for page in group if not page.query)
    return next((page.title for page in pages if page.path == address), "")


def _link_of(request: HttpRequest) -> SidebarLink | None:
    """The line of the sidebar to which the page on show belongs: the longest matching address."""
    here = [page for _title, pages in GROUPS for page in pages if _leads_to(page, request)]
    return max(here, key=lambda page: (len(page.query), len(page.path)), default=None)


def _leads_to(page: SidebarLink, request: HttpRequest) -> bool:
    if page.route == "index":
        return request.path == page.path
    return request.path.startswith(page.path) and page.query in request.GET.urlencode()
