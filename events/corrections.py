"""What a system said later about a delivery that had come to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from events import outcomes, progress

DISPROVE = """
UPDATE events_delivery SET status = 'dead', finished_at = NULL, error = %s
WHERE id = %s AND status = 'done' RETURNING event_id
"""

CONFIRM = """
UPDATE events_delivery
SET status = 'done', error = '', due_at = NULL, held_since = NULL, unsure_since = NULL, finished_at = now()
WHERE id = %s AND status IN ('dead', 'queued') RETURNING event_id
"""


@dataclass(frozen=True)
class Disproof:
    """A delivery that was taken as done and was not: the cause for its group, the reason as a sentence."""

    delivery_id: int
    cause: str
    reason: str


@transaction.atomic
def disprove(proof: Disproof) -> bool:
    """A person decides about it now: done becomes dead. False if it was not done."""
    moved = _move(DISPROVE, [proof.reason, proof.delivery_id])
    if moved:
        letter = {"id": proof.delivery_id, "kind": "rejected", "cause": proof.cause, "reason": proof.reason}
        outcomes.bury([letter])
        progress.settle(moved)
    return bool(moved)


@transaction.atomic
def confirm(delivery_id: int) -> bool:
    """It got through after all: dead, or queued again by a person, becomes done; its letter is resolved.

    False if it was neither: what runs already is sent again, and ends by itself.
    """
    moved = _move(CONFIRM, [delivery_id])
    if moved:
        outcomes.resolve([delivery_id])
        outcomes.release_followers([delivery_id])
        progress.settle(moved)
    return bool(moved)


def _move(statement: str, parameters: Sequence[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return [event_id for (event_id,) in cursor.fetchall()]
