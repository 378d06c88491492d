"""How far a message got. The rungs are facts that arrive in any order, any number of times.

A message stands on the highest rung it was ever seen on, so the same facts give the same end in whatever
order they come. A failure ranks above what Z-API and WhatsApp promise and below what a person's phone
confirms: a later receipt proves it wrong, a late "sent" does not.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class Rung(models.TextChoices):
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


RANKS = {rung: rank for rank, rung in enumerate(Rung)}
LAST_SEEN_AT_OUR_SIDE = (Rung.QUEUED, Rung.HELD, Rung.EXPIRED, Rung.CANCELLED)
CLIMB = (Rung.ACCEPTED, Rung.SENT, Rung.FAILED, Rung.DELIVERED, Rung.READ, Rung.PLAYED)
PROOF_OF_ARRIVAL = frozenset({Rung.DELIVERED, Rung.READ, Rung.PLAYED})

SAID = {  # MessageStatusCallback.status; READ_BY_ME and READ-SELF speak of us, not of the person
    "SENT": Rung.SENT,
    "RECEIVED": Rung.DELIVERED,
    "DELIVERED": Rung.DELIVERED,
    "READ": Rung.READ,
    "PLAYED": Rung.PLAYED,
    "FAILED": Rung.FAILED,
}

Facts = Mapping[Rung, datetime]


def climb(facts: Facts, seen: Iterable[tuple[Rung, datetime]]) -> dict[Rung, datetime]:
    """The facts with what was seen: each rung with the first moment it was seen at."""
    together = dict(facts)
    for rung, moment in seen:
        together[rung] = min(moment, together.get(rung, moment))
    return together


def highest(facts: Iterable[Rung]) -> Rung | None:
    """Where a message with these facts stands; None when nothing is known beyond our own queue."""
    return max((rung for rung in facts if rung in CLIMB), key=RANKS.__getitem__, default=None)
