"""Systems that rejected our key: whether a call of the same kind has succeeded since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carinho.database import run
from events.engine.failure_causes import NO_PERMISSION
from events.models import DeadLetter

# the hour stands apart and as a figure, else PostgreSQL reads all that ever ended and not the index of it
CURRENT = """
SELECT rejected.service, rejected.step, rejected.at, rejected.item
FROM (SELECT service, step, max(failed_at) AS at, min(id) AS item FROM events_deadletter
      WHERE status = 'open' AND cause = %s GROUP BY service, step) AS rejected
WHERE NOT EXISTS (
    SELECT FROM events_delivery AS later
    WHERE later.service = rejected.service AND later.step = rejected.step AND later.status = 'done'
      AND later.finished_at > rejected.at AND later.finished_at > now() - interval '1 hour')
"""


@dataclass(frozen=True)
class RejectedKey:
    """A step whose last call was rejected for our key, when, and the open item that waits longest."""

    service: str
    step: str
    at: datetime
    item: int


def current() -> list[RejectedKey]:
    """The steps whose key was rejected, and none of whose calls succeeded since, in the last hour.

    By step, because a key may be good for one call and not for another.
    """
    return [RejectedKey(*row) for row in run(CURRENT, [NO_PERMISSION])]


def of(dead_letter_ids: Sequence[int]) -> dict[int, RejectedKey]:
    """Those of these items that would meet a key that was rejected."""
    found = DeadLetter.objects.filter(pk__in=dead_letter_ids, cause=NO_PERMISSION)
    steps = {id: (service, step) for id, service, step in found.values_list("pk", "service", "step")}
    keys = {(key.service, key.step): key for key in current()} if steps else {}
    return {id: keys[step] for id, step in steps.items() if step in keys}
