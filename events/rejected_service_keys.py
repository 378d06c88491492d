"""Systems that rejected our key: in which steps, and whether it has been accepted since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from carinho.database import run
from events import failure_groups
from events.engine.failure_causes import NO_PERMISSION
from events.failure_groups import Figures
from events.models import DeadLetter, DeadLetterStatus

# Of each step that was ever rejected for it, the first call that succeeded since: as `note_accepted` wrote
# it, else of the last hour. That stands apart and as a figure, else PostgreSQL reads all that ever ended and
# not the index of it.
STEPS = """
SELECT known.id, service, step, state <> 'resolved' AS is_waiting, last_failed_at AS at, key_accepted_at,
       CASE WHEN key_accepted_at > last_failed_at THEN key_accepted_at ELSE (
           SELECT min(later.finished_at) FROM events_delivery AS later
           WHERE later.service = known.service AND later.step = known.step AND later.status = 'done'
             AND later.finished_at > known.last_failed_at AND later.finished_at > now() - interval '1 hour'
       ) END AS accepted_at
FROM events_failuregroup AS known WHERE cause = %s
"""
NOTE_ACCEPTED = f"""
UPDATE events_failuregroup AS known SET key_accepted_at = found.accepted_at
FROM ({STEPS}) AS found
WHERE known.id = found.id AND found.accepted_at > known.last_failed_at
  AND known.key_accepted_at IS DISTINCT FROM found.accepted_at
"""  # noqa: S608 -- both are ours


@dataclass(frozen=True)
class RejectedKey:
    """A step with items whose last was rejected for our key, and when.

    `accepted_at` is the first call since that succeeded: one of this step, or of another one of the system
    that was rejected for the key before. What was never rejected proves nothing, because a key may be good
    for one call and not for another. `group` is the number of its group of failures.
    """

    group: int
    service: str
    step: str
    at: datetime
    accepted_before: datetime | None  # ahead of this rejection, if ever
    accepted_at: datetime | None = None


def every() -> list[RejectedKey]:
    """All whose items wait for a person or are tried again."""
    rows = run(STEPS, [NO_PERMISSION])
    accepted: dict[str, datetime] = {}
    for _id, service, *_more, at in rows:
        if at:
            accepted[service] = max(at, accepted.get(service, at))
    found = []
    for id, service, step, is_waiting, at, noted, own in rows:
        if is_waiting:
            key = RejectedKey(id, service, step, at, noted if noted and noted < at else None)
            proven = accepted.get(service)
            found.append(replace(key, accepted_at=own or (proven if proven and proven > at else None)))
    return found


def current() -> list[RejectedKey]:
    """Those of which no call has succeeded since."""
    return [key for key in every() if key.accepted_at is None]


def figures(keys: Iterable[RejectedKey]) -> dict[RejectedKey, Figures]:
    """Of the items of each, if it has any left."""
    by_group = {key.group: key for key in keys}
    found = failure_groups.figures_of_these(by_group) if by_group else {}
    return {by_group[group]: counted for group, counted in found.items()}


def newest_items(keys: Sequence[RejectedKey]) -> dict[RejectedKey, int]:
    """The open item of each that came last: overtaken by nothing newer, and useful the longest."""
    open_ones = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN, cause=NO_PERMISSION).order_by("-pk")
    found = [
        open_ones.filter(service=key.service, step=key.step).values_list("service", "step", "pk")[:1]
        for key in keys
    ]
    rows = found[0].union(*found[1:], all=True) if found else []
    items = {(service, step): item for service, step, item in rows}
    return {key: items[key.service, key.step] for key in keys if (key.service, key.step) in items}


def of(dead_letter_ids: Sequence[int]) -> dict[int, RejectedKey]:
    """Those of these items that would meet a key that was rejected."""
    found = DeadLetter.objects.filter(pk__in=dead_letter_ids, cause=NO_PERMISSION)
    steps = {id: (service, step) for id, service, step in found.values_list("pk", "service", "step")}
    keys = {(key.service, key.step): key for key in current()} if steps else {}
    return {id: keys[step] for id, step in steps.items() if step in keys}


def note_accepted() -> None:
    """Write down since when each key is accepted again, for as long as it is. Safe to call at any time.

    Without it, what was accepted longer than an hour ago would be forgotten.
    """
    run(NOTE_ACCEPTED, [NO_PERMISSION])
