"""Telling the shift by e-mail, WhatsApp and a signed webhook, never through what the alert is about."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from standardwebhooks.webhooks import Webhook

from carinho.console import dates
from monitoring.models import Alert, Notice
from whatsapp.client import WhatsApp

logger = logging.getLogger(__name__)

# How old a notice has to be for each of its attempts: a mail server may be away for hours.
MINUTES = (0, 0, 1, 5, 30, 120, 360)
AT_ONCE = 50
TIMEOUT = (3, 10)  # seconds to connect and to answer
TITLES = {
    "opened": gettext_lazy("Alerta"),
    "worse": gettext_lazy("Piorou"),
    "reminder": gettext_lazy("Ainda em aberto"),
    "resolved": gettext_lazy("Resolvido"),
}


def write(alert: Alert, occasion: str) -> None:
    """Keep one notice per channel that is set up and not itself what the alert is about."""
    Notice.objects.bulk_create(
        Notice(alert=alert, channel=channel, occasion=occasion) for channel in channels_for(alert)
    )


def channels_for(alert: Alert) -> list[str]:
    is_set = {
        "email": bool(settings.ALERT_EMAILS),
        "whatsapp": bool(settings.ALERT_WHATSAPP_NUMBERS),
        "webhook": bool(settings.ALERT_WEBHOOK_URL),
    }
    return [channel for channel, wanted in is_set.items() if wanted and not _is_about(alert, channel)]


def _is_about(alert: Alert, channel: str) -> bool:
    return channel == "whatsapp" and (alert.rule.startswith("whatsapp_") or alert.subject == "whatsapp")


def send_waiting() -> None:
    """Send what is due, each ever more rarely; a failure is written down and stops no other."""
    for notice in (
        Notice.objects.filter(_is_due(), sent_at=None).select_related("alert").order_by("id")[:AT_ONCE]
    ):
        if _claim(notice):
            _send(notice)


def _is_due() -> Q:
    now, due = timezone.now(), Q()
    for attempts, minutes in enumerate(MINUTES):
        due |= Q(attempts=attempts, created_at__lte=now - timedelta(minutes=minutes))
    return due


def _claim(notice: Notice) -> bool:
    """Only one process makes each attempt."""
    with transaction.atomic():
        mine = Notice.objects.filter(pk=notice.pk, sent_at=None, attempts=notice.attempts)
        return bool(mine.update(attempts=notice.attempts + 1))


def _send(notice: Notice) -> None:
    try:
        CHANNELS[notice.channel](notice)
    except Exception as error:
        logger.exception(
            "Notice could not be sent", extra={"notice_id": notice.pk, "channel": notice.channel}
        )
        Notice.objects.filter(pk=notice.pk).update(error=str(error)[:500])
    else:
        Notice.objects.filter(pk=notice.pk).update(sent_at=timezone.now(), error="")


def sentence(notice: Notice) -> str:
    """What happened, in one line."""
    alert, title = notice.alert, TITLES[notice.occasion]
    if notice.occasion == "resolved" and alert.resolved_at:
        return f"{title}: {alert.message} {_('Durou %s.') % _length(alert.resolved_at - alert.opened_at)}"
    return f"{title} ({alert.get_severity_display()}): {alert.message}"


def _length(length: timedelta) -> str:
    return dates.duration(length)


def _email(notice: Notice) -> None:
    context = {"notice": notice, "alert": notice.alert, "line": sentence(notice), "hub": settings.HUB_URL}
    mail = EmailMultiAlternatives(
        f"[Carinho] {sentence(notice)}"[:180].replace("\n", " "),
        render_to_string("monitoring/alert.txt", context),
        to=settings.ALERT_EMAILS,
    )
    mail.attach_alternative(render_to_string("monitoring/alert.html", context), "text/html")
    mail.send()


def _whatsapp(notice: Notice) -> None:
    for number in settings.ALERT_WHATSAPP_NUMBERS:
        WhatsApp(f"alert-{notice.pk}-{number}").send(
            "shift_alert", to=number, text=sentence(notice), address=settings.HUB_URL + notice.alert.url
        )


def _webhook(notice: Notice) -> None:
    """Standard Webhooks: the id names the notice, so a repeat is recognised by the receiver."""
    body = json.dumps(_payload(notice), ensure_ascii=False)
    id, now = f"alert_notice_{notice.pk}", timezone.now()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": f"{int(now.timestamp())}",
    }
    if settings.ALERT_WEBHOOK_SECRET:
        headers["webhook-signature"] = Webhook(settings.ALERT_WEBHOOK_SECRET).sign(id, now, body)
    answer = requests.post(settings.ALERT_WEBHOOK_URL, body.encode(), headers=headers, timeout=TIMEOUT)
    answer.raise_for_status()


def _payload(notice: Notice) -> dict[str, Any]:
    alert = notice.alert
    return {
        "type": f"alert.{notice.occasion}",
        "timestamp": timezone.localtime().isoformat(),
        "data": {
            "id": alert.pk,
            "rule": alert.rule,
            "subject": alert.subject,
            "severity": alert.severity,
            "message": alert.message,
            "symptoms": alert.symptoms,
            "url": settings.HUB_URL + alert.url,
            "since": timezone.localtime(alert.opened_at).isoformat(),
            "resolved_at": timezone.localtime(alert.resolved_at).isoformat() if alert.resolved_at else None,
        },
    }


CHANNELS: dict[str, Callable[[Notice], None]] = {"email": _email, "whatsapp": _whatsapp, "webhook": _webhook}
