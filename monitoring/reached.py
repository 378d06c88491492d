"""Whether the shift was notified of an alert; else why nobody was, and where that is mended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from carinho.console import dates
from carinho.console.base import list_of
from monitoring import notifications
from monitoring.models import Alert, Notification, NotificationStatus


@dataclass(frozen=True)
class Reached:
    """`at` is the last time; where there is none, `why` says the reason and `address` leads to it."""

    at: datetime | None = None
    why: str = ""
    address: str = ""


def of(alerts: Sequence[Alert]) -> dict[int, Reached]:
    """By the ids of these, by one statement."""
    rows = Notification.objects.filter(alert__in=[alert.pk for alert in alerts]).order_by()
    grouped = rows.values_list("alert", "status").annotate(Max("sent_at"), Min("due_at"))
    found: dict[int, dict[str, datetime | None]] = {alert.pk: {} for alert in alerts}
    for alert, status, sent_at, due_at in grouped:
        found[alert][status] = sent_at or due_at
    return {alert.pk: _reached(alert, found[alert.pk]) for alert in alerts}


def _reached(alert: Alert, moments: Mapping[str, datetime | None]) -> Reached:
    """Of its notifications by status, when the last was sent or the next is tried."""
    if sent_at := moments.get(NotificationStatus.SENT):
        return Reached(sent_at)
    if NotificationStatus.FAILED in moments:
        return Reached(None, _("o aviso não pôde ser enviado"), _listed(NotificationStatus.FAILED))
    if due_at := moments.get(NotificationStatus.QUEUED):
        why = _("o aviso está saindo")
        if due_at > timezone.now():
            why = _("o aviso não saiu e é tentado de novo às %s") % dates.clock(due_at)
        return Reached(None, why, _listed(NotificationStatus.QUEUED))
    if NotificationStatus.DISCARDED in moments:
        return Reached(None, _("o aviso foi descartado"), _listed(NotificationStatus.DISCARDED))
    return Reached(None, nobody(alert) or _since_when(alert), list_of(Notification))


def nobody(alert: Alert) -> str:
    """Why there is nobody to notify of it; empty where there is."""
    configured = notifications.recipients()
    if not configured:
        return _("nenhum e-mail, número nem endereço está configurado")
    if not notifications.recipients_of(alert):
        by = " e ".join(str(notifications.BY[channel]) for channel in configured)
        return _("o plantão só é avisado %s, e o alerta é sobre isso") % by
    return ""


def _since_when(alert: Alert) -> str:
    """Of one for which none was written though there is somebody to notify."""
    if alert.notified_at is None:
        return _("é só o fim do que já passou, e disso ninguém é avisado")
    if alert.is_quiet():
        return _("não havia a quem avisar quando ele abriu, e os lembretes pararam")
    next_at = alert.notified_at + timedelta(seconds=settings.ALERT_REMINDER_SECONDS)
    return _("não havia a quem avisar quando ele abriu; o lembrete sai às %s") % dates.clock(next_at)


def _listed(status: NotificationStatus) -> str:
    return list_of(Notification, f"status={status}")
