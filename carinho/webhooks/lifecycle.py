"""What happens in the hub and may be told to others, and the one function that writes it down for them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.database import run_rows
from carinho.webhooks.models import WebhookMessage

TEST = "webhook.test"
Fact = tuple[str, Mapping[str, Any]]  # a kind of `KINDS`, and the data of its message
WRITE = """
INSERT INTO webhooks_webhookmessage (subscription_id, kind, data)
SELECT subscription.id, row.kind, row.data
FROM jsonb_to_recordset(%s::jsonb) AS row(kind text, data jsonb)
JOIN webhooks_webhooksubscription AS subscription
  ON subscription.is_on AND row.kind = ANY(subscription.kinds)
"""


class LifecycleKind(NamedTuple):
    """`page` is the console's page about it, found by the field `key` of its data if it takes one."""

    title: Any
    page: str
    key: str = ""


KINDS = {
    "event.failed": LifecycleKind(_("Um evento falhou"), "events_event_change", "id"),
    "dlq.opened": LifecycleKind(_("Um item precisa de alguém"), "events_deadletter_change", "id"),
    "dlq.closed": LifecycleKind(_("Um item foi encerrado"), "events_deadletter_change", "id"),
    "breaker.opened": LifecycleKind(
        _("Um sistema parou de responder"), "events_circuitbreaker_change", "service"
    ),
    "breaker.closed": LifecycleKind(
        _("Um sistema voltou a responder"), "events_circuitbreaker_change", "service"
    ),
    "sync.failed": LifecycleKind(_("Uma sincronização falhou"), "sync_syncrun_change", "id"),
    "whatsapp.disconnected": LifecycleKind(_("O WhatsApp desconectou"), "whatsapp_connection_changelist"),
}


def write(facts: Sequence[Fact]) -> None:
    """Queue each fact for those who asked for it, in the caller's transaction.

    The data are ids, codes and moments: nothing that another system wrote, and nothing about a person.
    """
    if facts:
        run_rows(WRITE, [{"kind": kind, "data": data} for kind, data in facts])


def page_of(message: WebhookMessage) -> str:
    """The path of the console's page about it; empty for a test."""
    kind = KINDS.get(message.kind)
    if kind is None:
        return ""
    return reverse(f"admin:{kind.page}", args=[message.data[kind.key]] if kind.key else [])


def body_of(message: WebhookMessage) -> dict[str, Any]:
    """As the subscriber gets it, the same on each attempt."""
    return {
        "type": message.kind,
        "timestamp": timezone.localtime(message.created_at).isoformat(),
        "data": {**message.data, "url": settings.HUB_URL + page_of(message)},
    }
