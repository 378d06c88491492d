"""What will be tried again by itself, and what a person may do about it before that."""

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import QuerySet

from carinho.access import audit_log
from events import dead_letters, nudges, outcomes
from events.models import DeadLetter, Delivery, DeliveryStatus

HURRY = """
UPDATE events_delivery SET due_at = now()
WHERE id = ANY(%s) AND status = 'queued' AND attempts > 0 RETURNING id, service
"""

GIVE_UP = """
UPDATE events_delivery SET status = 'dead', due_at = NULL, held_since = NULL
WHERE id = ANY(%s) AND status = 'queued' AND attempts > 0 RETURNING id, error
"""


def retrying() -> QuerySet[Delivery]:
    """The deliveries that failed at least once and are queued for another attempt."""
    return Delivery.objects.filter(status=DeliveryStatus.QUEUED, attempts__gt=0)


def try_now(ids: Sequence[int], *, actor: str) -> list[int]:
    """Make these due at once. Returns the ids that were still waiting for another attempt."""
    with transaction.atomic():
        moved = _move(HURRY, ids)
        lanes = {service for _, service in moved}
        transaction.on_commit(lambda: nudges.nudge(lanes))
        _note(actor, "delivery.try_now", moved)
    return _ids(moved)


def give_up(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """No further attempt: these become archived items, which a person may restore.

    Returns the ids that were still waiting for another attempt.
    """
    with transaction.atomic():
        moved = _move(GIVE_UP, ids)
        outcomes.bury([_letter(*row) for row in moved])
        moved_ids = _ids(moved)
        letters = DeadLetter.objects.filter(delivery__in=moved_ids).values_list("pk", flat=True)
        dead_letters.archive(list(letters), actor=actor, reason=reason)
        _note(actor, "delivery.give_up", moved)
    return moved_ids


def _ids(moved: Sequence[tuple[int, str]]) -> list[int]:
    return [row[0] for row in moved]


def _letter(delivery_id: int, error: str) -> dict[str, object]:
    reason = error or "Given up before another attempt"
    return {"id": delivery_id, "kind": "unavailable", "cause": "max_retries_exceeded", "reason": reason}


def _move(statement: str, ids: Sequence[int]) -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(ids)])
        return sorted(cursor.fetchall())


def _note(actor: str, action: str, moved: Sequence[tuple[int, str]]) -> None:
    if moved:
        ids = _ids(moved)
        audit_log.record(actor, action, ", ".join(map(str, ids))[:120], {"ids": ids})
