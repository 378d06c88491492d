"""What a person may do with what failed: retry, archive, restore. One row or all that match, the same way."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from carinho.access import audit_log
from events import nudges, outcomes, progress

RETRY = """
WITH chosen AS (
    SELECT id FROM events_deadletter WHERE id = ANY(%(ids)s) AND status = 'open' ORDER BY id FOR UPDATE
), letter AS (
    UPDATE events_deadletter SET status = 'retrying', moved_by = %(actor)s, note = ''
    FROM chosen WHERE events_deadletter.id = chosen.id RETURNING events_deadletter.id, delivery_id
)
UPDATE events_delivery AS delivery SET status = 'queued', due_at = now(), attempts = 0, held_since = NULL
FROM letter WHERE delivery.id = letter.delivery_id AND delivery.status = 'dead'
RETURNING letter.id, delivery.id, delivery.event_id, delivery.service
"""

ARCHIVE = """
WITH chosen AS (
    SELECT id FROM events_deadletter WHERE id = ANY(%(ids)s) AND status = 'open' ORDER BY id FOR UPDATE
), letter AS (
    UPDATE events_deadletter SET status = 'archived', closed_at = now(), moved_by = %(actor)s, note = %(note)s
    FROM chosen WHERE events_deadletter.id = chosen.id RETURNING events_deadletter.id, delivery_id
)
UPDATE events_delivery AS delivery SET status = 'skipped', skip_cause = 'archived', finished_at = now()
FROM letter WHERE delivery.id = letter.delivery_id AND delivery.status = 'dead'
RETURNING letter.id, delivery.id, delivery.event_id, delivery.service
"""

RESTORE = """
WITH chosen AS (
    SELECT id FROM events_deadletter WHERE id = ANY(%(ids)s) AND status = 'archived' ORDER BY id FOR UPDATE
), letter AS (
    UPDATE events_deadletter SET status = 'open', closed_at = NULL, moved_by = %(actor)s
    FROM chosen WHERE events_deadletter.id = chosen.id RETURNING events_deadletter.id, delivery_id
)
UPDATE events_delivery AS delivery SET status = 'dead', skip_cause = '', finished_at = NULL
FROM letter WHERE delivery.id = letter.delivery_id AND delivery.status = 'skipped'
RETURNING letter.id, delivery.id, delivery.event_id, delivery.service
"""

WAIT_AGAIN = """
UPDATE events_delivery AS follower SET status = 'waiting', skip_cause = '', finished_at = NULL
FROM events_delivery AS earlier
WHERE earlier.id = ANY(%s) AND follower.event_id = earlier.event_id AND follower.after = earlier.step
  AND follower.skip_cause = 'earlier'
RETURNING follower.id
"""


Moved = tuple[int, int, int, str]  # ids of dead letter, delivery and event, and the service


def retry(ids: Sequence[int], *, actor: str) -> list[int]:
    """Queue the failed deliveries again, with their idempotency keys and all their attempts.

    Returns the ids that were open and are now being retried; what somebody else moved first is not
    among them. An item closes only when its delivery succeeds.
    """
    with transaction.atomic():
        moved = _move(RETRY, ids, actor, "dead_letter.retry")
        progress.settle(row[2] for row in moved)
        lanes = {row[3] for row in moved}
        transaction.on_commit(lambda: nudges.nudge(lanes))
    return [row[0] for row in moved]


def archive(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Close open items that need no delivery any more. Returns the ids that were open."""
    with transaction.atomic():
        moved = _move(ARCHIVE, ids, actor, "dead_letter.archive", note=reason)
        outcomes.release_followers([row[1] for row in moved])
        progress.settle(row[2] for row in moved)
    return [row[0] for row in moved]


def restore(ids: Sequence[int], *, actor: str) -> list[int]:
    """Open archived items again. Returns the ids that were archived."""
    with transaction.atomic():
        moved = _move(RESTORE, ids, actor, "dead_letter.restore")
        _followers_wait_again([row[1] for row in moved])
        progress.settle(row[2] for row in moved)
    return [row[0] for row in moved]


def _move(statement: str, ids: Sequence[int], actor: str, action: str, **more: Any) -> list[Moved]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"ids": list(ids), "actor": actor, **more})
        moved = sorted(cursor.fetchall())
    if moved:
        moved_ids = [row[0] for row in moved]
        audit_log.record(actor, action, ", ".join(map(str, moved_ids))[:120], {"ids": moved_ids, **more})
    return moved


def _followers_wait_again(delivery_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        while delivery_ids:
            cursor.execute(WAIT_AGAIN, [list(delivery_ids)])
            delivery_ids = [id for (id,) in cursor.fetchall()]
