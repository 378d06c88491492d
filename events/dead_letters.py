"""What a person may do with what failed: retry, archive, restore. One row or all that match, the same way."""

from collections.abc import Sequence

from events.engine import transitions
from events.portions import in_portions


def retry(ids: Sequence[int], *, actor: str) -> list[int]:
    """Queue the failed deliveries again, with their idempotency keys and all their attempts.

    Returns the ids that were open and are now being retried; what somebody else moved first is not
    among them. An item closes only when its delivery succeeds.
    """
    return in_portions(lambda portion: transitions.requeue(portion, actor=actor), ids)


def archive(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Close open items that need no delivery any more. Returns the ids that were open."""
    return in_portions(lambda portion: transitions.archive(portion, actor=actor, reason=reason), ids)


def restore(ids: Sequence[int], *, actor: str) -> list[int]:
    """Open archived items again. Returns the ids that were archived."""
    return in_portions(lambda portion: transitions.restore(portion, actor=actor), ids)
