"""Removes webhooks that were sent, given up or discarded some time ago."""

from django.utils.translation import gettext_lazy as _

from carinho.retention import Kept
from carinho.webhooks.models import WebhookMessage, WebhookStatus

MESSAGES = Kept(
    "KEEP_WEBHOOKS_DAYS",
    _("Webhooks enviados a outros"),
    _("o que contam"),
    lambda since: WebhookMessage.objects.filter(created_at__lt=since).exclude(status=WebhookStatus.QUEUED),
)


def prune() -> None:
    MESSAGES.due.delete()
