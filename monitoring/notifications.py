"""The shift is notified by e-mail, WhatsApp and a signed webhook, never through what the alert is about."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.access.audit_log import Audited
from carinho.resending import claim, due_after, reason_of
from carinho.services import outgoing
from monitoring import calls, lasted
from monitoring.models import Alert, Notification, NotificationStatus
from monitoring.rule import Rule
from whatsapp import templates
from whatsapp.messages import Message, render
from whatsapp.zapi import WhatsApp

logger = logging.getLogger(__name__)

AT_ONCE = 50
BY = {
    "email": gettext_lazy("por e-mail"),
    "whatsapp": gettext_lazy("pelo WhatsApp"),
    "webhook": gettext_lazy("pelo webhook"),
}
TITLES = {
    "opened": gettext_lazy("Alerta"),
    "worse": gettext_lazy("Piorou"),
    "reminder": gettext_lazy("Ainda em aberto"),
    "resolved": gettext_lazy("Resolvido"),
}

REQUEUED = Audited("notification.requeue", gettext_lazy("reenviou o aviso ao plantão"))
DISCARDED = Audited("notification.discard", gettext_lazy("descartou o aviso ao plantão"))


def write(alert: Alert, event: str) -> None:
    """Queue one per recipient, by every channel that is not itself what the alert is about."""
    Notification.objects.bulk_create(
        Notification(alert=alert, channel=channel, recipient=recipient, event=event, due_at=timezone.now())
        for channel, recipients in recipients_of(alert).items()
        for recipient in dict.fromkeys(recipients)
    )


def recipients_of(alert: Alert) -> dict[str, list[str]]:
    """By channel, who is notified: each has attempts of their own, so none is repeated because of another."""
    system = alert.subject.partition(":")[0]
    about = {alert.subject, system, "whatsapp" if alert.rule.startswith("whatsapp_") else ""}
    return {channel: those for channel, those in recipients().items() if channel not in about}


def recipients() -> dict[str, list[str]]:
    """The same for an alert that is about no channel; without those channels that nobody is reached by."""
    configured = {
        "email": settings.ALERT_EMAILS,
        "whatsapp": settings.ALERT_WHATSAPP_NUMBERS,
        "webhook": [""] if settings.ALERT_WEBHOOK_URL else [],
    }
    return {channel: those for channel, those in configured.items() if those}


def send_due() -> None:
    """Send what is due; a failure is recorded, queued again after a longer wait, and stops no other."""
    queued = Notification.objects.filter(status=NotificationStatus.QUEUED)
    due = queued.filter(due_at__lte=timezone.now()).select_related("alert")
    for notification in due.order_by("due_at", "id")[:AT_ONCE]:
        if claim(queued, notification):
            _send(notification)


def _send(notification: Notification) -> None:
    mine = Notification.objects.filter(pk=notification.pk, status=NotificationStatus.QUEUED)
    try:
        CHANNELS[notification.channel](notification)
    except Exception as error:
        logger.exception(
            "Notification could not be sent",
            extra={"notification_id": notification.pk, "channel": notification.channel},
        )
        again = due_after(notification.attempts)
        status = NotificationStatus.QUEUED if again else NotificationStatus.FAILED
        mine.update(status=status, due_at=again, error=reason_of(error))
    else:
        mine.update(status=NotificationStatus.SENT, due_at=None, sent_at=timezone.now(), error="")


def requeue(ids: Sequence[int], *, actor: str) -> list[int]:
    """Send these again, with all their attempts. Returns the ids that had failed."""
    return _move(ids, actor, REQUEUED, NotificationStatus.QUEUED, due_at=timezone.now(), attempts=0)


def discard(ids: Sequence[int], *, actor: str) -> list[int]:
    """Leave these unsent. Returns the ids that had failed."""
    return _move(ids, actor, DISCARDED, NotificationStatus.DISCARDED)


def _move(
    ids: Sequence[int], actor: str, action: Audited, status: NotificationStatus, **columns: Any
) -> list[int]:
    with transaction.atomic():
        rows = Notification.objects.filter(pk__in=ids, status=NotificationStatus.FAILED).select_for_update()
        moved = sorted(rows.values_list("pk", flat=True))
        Notification.objects.filter(pk__in=moved).update(status=status, **columns)
        if moved:
            action.record(actor, ", ".join(map(str, moved))[:120], {"ids": moved})
    return moved


def sentence(notification: Notification) -> str:
    alert, title = notification.alert, TITLES[notification.event]
    message = " ".join(alert.sentence.split())  # other systems' words are in it, and their line breaks
    if notification.event == "resolved" and alert.resolved_at:
        return f"{title}: {message} {_('Durou: %s.') % lasted.of([alert])[alert.pk]}"
    return f"{title} ({alert.get_severity_display()}): {message}"


def advice(notification: Notification, now: datetime) -> str:
    """Whom to call about what is critical, and when; empty otherwise."""
    return "" if notification.event == "resolved" else calls.advice(notification.alert, now)


def _email(notification: Notification) -> None:
    alert, is_over = notification.alert, notification.event == "resolved"
    rule = Rule.registry.get(alert.rule)
    context = {
        "notification": notification,
        "alert": alert,
        "line": sentence(notification),
        "advice": advice(notification, timezone.now()),
        "steps": rule.steps if rule and not is_over else (),
        "is_over": is_over,
        "hub": settings.HUB_URL,
    }
    mail = EmailMultiAlternatives(
        f"[Carinho] {sentence(notification)}"[:180],
        render_to_string("monitoring/alert.txt", context),
        to=[notification.recipient],
    )
    mail.attach_alternative(render_to_string("monitoring/alert.html", context), "text/html")
    mail.send()


def _whatsapp(notification: Notification) -> None:
    message = Message(
        "shift_alert",
        to=notification.recipient,
        text=" ".join(filter(None, [sentence(notification), advice(notification, timezone.now())])),
        address=settings.HUB_URL + notification.alert.url,
    )
    WhatsApp(f"alert-{notification.pk}").send(render(message, templates.own_texts()), to=message.to)


def _webhook(notification: Notification) -> None:
    """Standard Webhooks: the id names the notification, so a repeat is recognised by the receiver."""
    secrets = [settings.ALERT_WEBHOOK_SECRET] if settings.ALERT_WEBHOOK_SECRET else []
    id = f"alert_notice_{notification.pk}"
    outgoing.send_webhook(settings.ALERT_WEBHOOK_URL, id, _payload(notification), secrets)


def _payload(notification: Notification) -> dict[str, Any]:
    alert = notification.alert
    return {
        "type": f"alert.{notification.event}",
        "timestamp": timezone.localtime().isoformat(),
        "data": {
            "id": alert.pk,
            "rule": alert.rule,
            "subject": alert.subject,
            "severity": alert.severity,
            "message": alert.sentence,
            "symptoms": alert.symptoms,
            "url": settings.HUB_URL + alert.url,
            "since": timezone.localtime(alert.opened_at).isoformat(),
            "resolved_at": timezone.localtime(alert.resolved_at).isoformat() if alert.resolved_at else None,
        },
    }


CHANNELS: dict[str, Callable[[Notification], None]] = {
    "email": _email,
    "whatsapp": _whatsapp,
    "webhook": _webhook,
}
