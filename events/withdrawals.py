"""Taking back what was not sent yet, because a person decided that nobody needs it any more."""

from collections.abc import Sequence

from django.db import connection, transaction

from carinho.access import audit_log
from events import outcomes, progress

WITHDRAW = """
UPDATE events_delivery
SET status = 'skipped', skip_cause = 'archived', due_at = NULL, held_since = NULL, finished_at = now()
WHERE id = ANY(%s) AND status = 'queued' AND unsure_since IS NULL RETURNING id, event_id
"""


def withdraw(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Skip these deliveries; what may have been sent already stays. Returns the ids that were skipped."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WITHDRAW, [list(ids)])
        moved = sorted(cursor.fetchall())
        skipped = [row[0] for row in moved]
        outcomes.release_followers(skipped)
        progress.settle(row[1] for row in moved)
        if skipped:
            target = ", ".join(map(str, skipped))[:120]
            audit_log.record(actor, "delivery.withdraw", target, {"ids": skipped, "reason": reason})
    return skipped
