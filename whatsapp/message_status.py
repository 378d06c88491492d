"""How far a message got. Its callbacks come in any order, any number of times.

The status is the highest ever reported, so the same reports give the same end in whatever order they come.
A failure ranks above what Z-API and WhatsApp promise and below what a person's phone confirms: a later
receipt overrides it, a late "sent" does not.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("na fila")
    HELD = "held", _("retida")
    ACCEPTED = "accepted", _("aceita pelo Z-API")
    SENT = "sent", _("enviada")
    FAILED = "failed", _("falhou")
    DELIVERED = "delivered", _("entregue")
    READ = "read", _("lida")
    PLAYED = "played", _("ouvida")
    EXPIRED = "expired", _("passou da hora")
    CANCELLED = "cancelled", _("não enviada")


RANKS = {status: rank for rank, status in enumerate(MessageStatus)}
PROGRESS = (
    MessageStatus.ACCEPTED,
    MessageStatus.SENT,
    MessageStatus.FAILED,
    MessageStatus.DELIVERED,
    MessageStatus.READ,
    MessageStatus.PLAYED,
)
ARRIVED = frozenset({MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.PLAYED})

ZAPI_STATUSES = {  # MessageStatusCallback.status; READ_BY_ME and READ-SELF speak of us, not of the person
    "SENT": MessageStatus.SENT,
    "RECEIVED": MessageStatus.DELIVERED,
    "DELIVERED": MessageStatus.DELIVERED,
    "READ": MessageStatus.READ,
    "PLAYED": MessageStatus.PLAYED,
    "FAILED": MessageStatus.FAILED,
}


def advance(
    timestamps: Mapping[MessageStatus, datetime], seen: Iterable[tuple[MessageStatus, datetime]]
) -> dict[MessageStatus, datetime]:
    """Each status with the first time it was seen."""
    together = dict(timestamps)
    for status, moment in seen:
        together[status] = min(moment, together.get(status, moment))
    return together


def highest(seen: Iterable[MessageStatus]) -> MessageStatus | None:
    """The status that follows; None when nothing is known beyond our own queue."""
    return max((status for status in seen if status in PROGRESS), key=RANKS.__getitem__, default=None)
