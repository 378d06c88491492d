"""What the hub did itself, reported back by a system, is recognised: such an event causes nothing."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from carinho.database import run
from carinho.locks import wait_for_transaction_locks
from events.flow import Echo, Flow
from events.intake.envelope import Envelope

# A step that never ran counts too: what it will write, the system has already.
FIND = """
SELECT DISTINCT ON (asked.number) asked.number, cause.id
FROM jsonb_to_recordset(%s::jsonb) AS asked(number int, type text, step text, phone text, same jsonb,
                                            cause_source text)
JOIN events_event AS cause ON cause.type = asked.type AND {alike}
JOIN events_delivery AS delivery ON delivery.event_id = cause.id AND delivery.step = asked.step
WHERE (delivery.status IN ('waiting', 'queued', 'running')
       OR delivery.status = 'done' AND delivery.finished_at > now() - interval '1 day')
  AND asked.cause_source IN ('', cause.source)
ORDER BY asked.number, cause.id DESC
"""
BY_PHONE = FIND.format(alike="cause.phone = asked.phone")
BY_FIELDS = FIND.format(alike="cause.data @> asked.same")
LOCKS = "events.echo"


def person_of(item: Envelope) -> str:
    """Whom another system may report too, at the same moment and by the same type of event; else empty."""
    twins = (echo.type == item.type for echo in Flow.registry[item.type].echoes) if item.steps else ()
    return f"{item.type} {item.phone}" if item.phone and any(twins) else ""


def turns(envelopes: Sequence[Envelope]) -> list[list[int]]:
    """The places of these in turns to be stored one after the other: each sees what was reported before it.

    Inside a transaction, which then waits for others that store reports about the same people.
    """
    people = [person_of(item) for item in envelopes]
    if any(people):
        wait_for_transaction_locks(LOCKS, filter(None, people))
    met: Counter[str] = Counter()
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, person in enumerate(people):
        places[met[person]].append(place)
        met[person] += bool(person)
    return list(places.values())


def without_echoes(envelopes: Sequence[Envelope]) -> list[Envelope]:
    """The same envelopes; an echo has no steps, or not those that were made already, and names its cause."""
    possible = [
        (place, echo)
        for place, item in enumerate(envelopes)
        for echo in (Flow.registry[item.type].echoes if item.steps else ())
        if echo.source == item.source and (echo.same or item.phone)
    ]
    asked = [_asked(number, envelopes[place], echo) for number, (place, echo) in enumerate(possible)]
    causes: dict[int, int] = {}
    for statement, is_by_fields in ((BY_PHONE, False), (BY_FIELDS, True)):
        if rows := [row for row in asked if bool(row["same"]) is is_by_fields]:
            causes |= dict(run(statement, [json.dumps(rows, ensure_ascii=False)]))
    known = list(envelopes)
    for number, cause in sorted(causes.items()):
        place, echo = possible[number]
        item = known[place]
        left = [step for step in item.steps if echo.drops and step.name not in echo.drops]
        known[place] = replace(item, steps=left, caused_by=item.caused_by or (None if echo.drops else cause))
    return known


def _asked(number: int, item: Envelope, echo: Echo) -> dict[str, Any]:
    return {
        "number": number,
        "type": echo.type,
        "step": echo.step,
        "phone": item.phone,
        "same": {theirs: item.data.get(ours) for ours, theirs in echo.same.items()},
        "cause_source": echo.cause_source,
    }
