"""What will be tried again by itself, and what a person may do about it before that."""

from collections.abc import Sequence

from django.db.models import QuerySet

from events.engine import transitions
from events.models import Delivery, DeliveryStatus
from events.portions import in_portions


def retrying() -> QuerySet[Delivery]:
    """The deliveries that failed at least once and are queued for another attempt."""
    return Delivery.objects.filter(status=DeliveryStatus.QUEUED, attempts__gt=0)


def try_now(ids: Sequence[int], *, actor: str) -> list[int]:
    """Make these due at once. Returns the ids that were still waiting for another attempt."""
    return in_portions(lambda portion: transitions.make_due(portion, actor=actor), ids)


def give_up(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """No further attempt: these become archived items, which a person may restore.

    Returns the ids that were still waiting for another attempt.
    """
    return in_portions(lambda portion: transitions.give_up(portion, actor=actor, reason=reason), ids)


def cancel(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Skip what was not sent yet, because nobody needs it any more; what may have been sent already stays.

    Returns the ids that were skipped.
    """
    return in_portions(lambda portion: transitions.cancel(portion, actor=actor, reason=reason), ids)
