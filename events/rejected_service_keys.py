"""Systems that rejected our key: whether a call of the same kind has succeeded since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carinho.database import run
from events.engine.failure_causes import NO_PERMISSION
from events.models import DeadLetter

# the hour stands apart and as a figure, else PostgreSQL reads all that ever ended and not the index of it
KEYS = """
SELECT rejected.service, rejected.step, rejected.at, rejected.item, (
    SELECT min(later.finished_at) FROM events_delivery AS later
    WHERE later.service = rejected.service AND later.step = rejected.step AND later.status = 'done'
      AND later.finished_at > rejected.at AND later.finished_at > now() - interval '1 hour')
FROM (SELECT service, step, max(failed_at) AS at, min(id) AS item FROM events_deadletter
      WHERE status = 'open' AND cause = %s GROUP BY service, step) AS rejected
"""


@dataclass(frozen=True)
class RejectedKey:
    """A step with open items whose last was rejected for our key, when, and the one that waits longest.

    `accepted_at` is the first call of the last hour that succeeded since. By step, because a key may be good
    for one call and not for another.
    """

    service: str
    step: str
    at: datetime
    item: int
    accepted_at: datetime | None


def every() -> list[RejectedKey]:
    return [RejectedKey(*row) for row in run(KEYS, [NO_PERMISSION])]


def current() -> list[RejectedKey]:
    """Those of which no call has succeeded since."""
    return [key for key in every() if key.accepted_at is None]


def of(dead_letter_ids: Sequence[int]) -> dict[int, RejectedKey]:
    """Those of these items that would meet a key that was rejected."""
    found = DeadLetter.objects.filter(pk__in=dead_letter_ids, cause=NO_PERMISSION)
    steps = {id: (service, step) for id, service, step in found.values_list("pk", "service", "step")}
    keys = {(key.service, key.step): key for key in current()} if steps else {}
    return {id: keys[step] for id, step in steps.items() if step in keys}
