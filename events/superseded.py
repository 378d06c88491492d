# ruff: noqa: S608 -- these statements are put together from this module's own constants
"""Open failures whose record a newer event has written since: needless, or at least overtaken.

Such an event happened no earlier and did the same for the same record, or another step that writes it. Only
steps that declare their `record` are looked at. Where later ones did the same step and set all fields that an
earlier one sets, nobody needs that any more, and it is closed. Else it stays, and says that it is overtaken:
to send it again may bring old data back.
"""

import json
from collections.abc import Sequence

from carinho.database import run
from events.differences import differences
from events.engine import transitions
from events.flow import Data, Flow

BATCH = 500

NEWER = """
JOIN events_event AS own ON own.id = item.event_id
JOIN jsonb_to_recordset(%s::jsonb)
    AS writes(event_type text, step text, record text[], later_type text, later_step text)
    ON writes.event_type = own.type AND writes.step = item.step
JOIN events_event AS later
    ON later.subject = own.subject AND later.type = writes.later_type
    AND later.occurred_at >= own.occurred_at AND later.id > own.id
JOIN events_delivery AS done
    ON done.event_id = later.id AND done.step = writes.later_step AND done.status = 'done'
WHERE later.subject <> ''
  AND NOT EXISTS (SELECT FROM unnest(writes.record) AS name
                  WHERE own.data ->> name IS DISTINCT FROM later.data ->> name)
"""

OVERTAKEN = (
    "SELECT item.id, max(later.id) FROM events_delivery AS item"
    + NEWER
    + "AND item.id = ANY(%s) GROUP BY item.id"
)

FIND = (
    "SELECT item.id, own.data, max(later.id), jsonb_agg(later.data) FROM events_deadletter AS item"
    + NEWER
    + """
  AND item.status = 'open' AND item.id > %s AND later.id > greatest(own.id, item.superseded_by_id)
GROUP BY item.id, own.id ORDER BY item.id LIMIT %s
"""
)


def overtaken(delivery_ids: Sequence[int]) -> dict[int, int]:
    """Of these deliveries, those whose record a newer event has written since, and the newest such event."""
    return dict(run(OVERTAKEN, [_writes(), list(delivery_ids)])) if delivery_ids else {}


def close_all() -> int:
    """Close what later events made needless; returns how many. Safe to call anywhere and at any time."""
    same_step = _writes(only_same_step=True)
    last = closed = 0
    while found := run(FIND, [same_step, last, BATCH]):
        last = found[-1][0]
        needless = {id: later for id, own, later, data in found if _covers(json.loads(own), json.loads(data))}
        closed += len(transitions.supersede(needless)) if needless else 0
    return closed


def _writes(*, only_same_step: bool = False) -> str:
    """Each step that declares a record, with each that writes the same one: itself, and those of its kind."""
    declared = [
        (flow.type, step) for flow in Flow.registry.values() for step in flow.steps.values() if step.record
    ]
    return json.dumps(
        [
            {
                "event_type": type,
                "step": step.name,
                "record": step.record,
                "later_type": later_type,
                "later_step": later.name,
            }
            for type, step in declared
            for later_type, later in declared
            if later is step or (not only_same_step and step.writes_same_as(later))
        ]
    )


def _covers(own: Data, later: list[Data]) -> bool:
    """Whether everything that the earlier one sets was set by later ones, be it to other values."""
    return differences({}, own).keys() <= {name for data in later for name in differences({}, data)}
