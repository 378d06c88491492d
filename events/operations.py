"""What a person may do with deliveries: retry, archive, restore what failed; hasten or cancel what waits.

One row or all that match, the same way, in transactions that each hold few of them.
"""

from collections.abc import Callable, Sequence

from django.db.models import QuerySet

from events.engine import transitions
from events.models import Delivery, DeliveryStatus

AT_ONCE = 500  # rows moved in one transaction


def retry(ids: Sequence[int], *, actor: str) -> list[int]:
    """Queue the failed deliveries again, with their idempotency keys and all their attempts.

    Returns the ids that were open and are now being retried; what somebody else moved first is not
    among them. An item closes only when its delivery succeeds.
    """
    return _in_portions(lambda portion: transitions.requeue(portion, actor=actor), ids)


def archive(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Close open items that need no delivery any more. Returns the ids that were open."""
    return _in_portions(lambda portion: transitions.archive(portion, actor=actor, reason=reason), ids)


def restore(ids: Sequence[int], *, actor: str) -> list[int]:
    """Open archived items again. Returns the ids that were archived."""
    return _in_portions(lambda portion: transitions.restore(portion, actor=actor), ids)


def retrying() -> QuerySet[Delivery]:
    """The deliveries that failed at least once and are queued for another attempt."""
    return Delivery.objects.filter(status=DeliveryStatus.QUEUED, attempts__gt=0)


def try_now(ids: Sequence[int], *, actor: str) -> list[int]:
    """Make these due at once. Returns the ids that were still waiting for another attempt."""
    return _in_portions(lambda portion: transitions.make_due(portion, actor=actor), ids)


def give_up(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """No further attempt: these become archived items, which a person may restore.

    Returns the ids that were still waiting for another attempt.
    """
    return _in_portions(lambda portion: transitions.give_up(portion, actor=actor, reason=reason), ids)


def cancel(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Skip what was not sent yet, because nobody needs it any more; what may have been sent already stays.

    Returns the ids that were skipped.
    """
    return _in_portions(lambda portion: transitions.cancel(portion, actor=actor, reason=reason), ids)


def _in_portions(move: Callable[[Sequence[int]], list[int]], ids: Sequence[int]) -> list[int]:
    ordered = sorted(set(ids))
    portions = (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))
    return [moved for portion in portions for moved in move(portion)]
