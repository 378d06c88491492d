"""What the hub did itself, reported back by a system, is recognised: such an event causes nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from carinho.database import run
from events.flow import Echo, Flow
from events.intake.envelope import Envelope

# A step that never ran counts too: what it will write, the system has already.
FIND = """
SELECT DISTINCT ON (asked.place) asked.place, cause.id
FROM jsonb_to_recordset(%s::jsonb) AS asked(place int, type text, step text, phone text, same jsonb)
JOIN events_event AS cause ON cause.type = asked.type AND {alike}
JOIN events_delivery AS delivery ON delivery.event_id = cause.id AND delivery.step = asked.step
WHERE delivery.status IN ('waiting', 'queued', 'running')
   OR delivery.status = 'done' AND delivery.finished_at > now() - interval '1 day'
ORDER BY asked.place, cause.id DESC
"""
BY_PHONE = FIND.format(alike="cause.phone = asked.phone")
BY_FIELDS = FIND.format(alike="cause.data @> asked.same")


def without_echoes(envelopes: Sequence[Envelope]) -> list[Envelope]:
    """The same envelopes; an echo has no steps, and names the event that it repeats as its cause."""
    asked = [
        _asked(place, item, echo)
        for place, item in enumerate(envelopes)
        for echo in (Flow.registry[item.type].echoes if item.steps else ())
        if echo.source == item.source and (echo.same or item.phone)
    ]
    causes: dict[int, int] = {}
    for statement, is_by_fields in ((BY_PHONE, False), (BY_FIELDS, True)):
        if rows := [row for row in asked if bool(row["same"]) is is_by_fields]:
            causes |= dict(run(statement, [json.dumps(rows, ensure_ascii=False)]))
    return [
        replace(item, steps=[], caused_by=item.caused_by or causes[place]) if place in causes else item
        for place, item in enumerate(envelopes)
    ]


def _asked(place: int, item: Envelope, echo: Echo) -> dict[str, Any]:
    return {
        "place": place,
        "type": echo.type,
        "step": echo.step,
        "phone": item.phone,
        "same": {theirs: item.data.get(ours) for ours, theirs in echo.same.items()},
    }
