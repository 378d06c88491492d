"""Failures that nobody needs any more: a later event did the same step for the same record since.

Only steps that declare their `record` are looked at, and a later event counts only for the fields it sets:
what an earlier one alone would have written is still for a person. `preview.overtaken` asks for less
(any later event about the same person), and only warns.
"""

import json

from carinho.database import run
from events.differences import differences
from events.engine import transitions
from events.flow import Data, Flow

BATCH = 500

FIND = """
SELECT letter.id, own.data, max(later.id), jsonb_agg(later.data)
FROM events_deadletter AS letter
JOIN jsonb_to_recordset(%s::jsonb) AS declared(event_type text, step text, record text[])
    USING (event_type, step)
JOIN events_event AS own ON own.id = letter.event_id
JOIN events_event AS later
    ON later.subject = own.subject AND later.type = own.type AND later.occurred_at >= own.occurred_at
    AND later.id > greatest(own.id, letter.superseded_by_id)
JOIN events_delivery AS done
    ON done.event_id = later.id AND done.step = letter.step AND done.status = 'done'
WHERE letter.status = 'open' AND letter.id > %s AND later.subject <> ''
  AND NOT EXISTS (SELECT FROM unnest(declared.record) AS name
                  WHERE own.data ->> name IS DISTINCT FROM later.data ->> name)
GROUP BY letter.id, own.id
ORDER BY letter.id LIMIT %s
"""


def close_all() -> int:
    """Close what later events made needless; returns how many. Safe to call anywhere and at any time."""
    declared = json.dumps(
        [
            {"event_type": flow.type, "step": step.name, "record": step.record}
            for flow in Flow.registry.values()
            for step in flow.steps.values()
            if step.record
        ]
    )
    last = closed = 0
    while found := run(FIND, [declared, last, BATCH]):
        last = found[-1][0]
        needless = {id: later for id, own, later, data in found if _covers(json.loads(own), json.loads(data))}
        closed += len(transitions.supersede(needless)) if needless else 0
    return closed


def _covers(own: Data, later: list[Data]) -> bool:
    """Whether everything that the earlier one sets was set by later ones, be it to other values."""
    return differences({}, own).keys() <= {name for data in later for name in differences({}, data)}
