"""Events of a type that no flow knew when they came are put through by themselves once one does."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from carinho.database import run
from events.engine import wakeup
from events.flow import Flow
from events.intake import dialects, echoes, envelope, ingestion
from events.intake.envelope import Envelope, RequestRejected
from events.models import WithoutFlow

logger = logging.getLogger(__name__)

BATCH = 200

FIND = """
SELECT id, type, source, key, data, to_json(occurred_at) #>> '{}' FROM events_event
WHERE without_flow = ANY(%s) AND type = ANY(%s) AND id > %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""

PUT_THROUGH = f"""
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS row(
        source text, key text, data jsonb, as_sent jsonb, subject text, phone text, caused_by bigint,
        received_at timestamptz, status text, steps jsonb)
), stored AS (
    UPDATE events_event AS event
    SET data = incoming.data, as_sent = incoming.as_sent, subject = incoming.subject, phone = incoming.phone,
        caused_by_id = incoming.caused_by, status = incoming.status, without_flow = '',
        settled_at = CASE WHEN incoming.status = 'processed' THEN event.settled_at END
    FROM incoming WHERE event.source = incoming.source AND event.key = incoming.key
    RETURNING event.id, event.source, event.key
), caused AS ({ingestion.DELIVERIES})
SELECT id FROM stored
"""  # noqa: S608 -- of constants only

REFUSE = "UPDATE events_event SET without_flow = %s WHERE id = ANY(%s)"


def put_through(causes: Sequence[str] = (WithoutFlow.UNKNOWN_TYPE,)) -> int:
    """Give each waiting event its flow, as if it came now; how many got one. Safe to run twice at once.

    What the flow does not accept stays, marked so, and is tried again when the code is brought up to date.
    """
    done, last = 0, 0
    while rows := _put_through_batch(list(causes), last):
        done += sum(was_accepted for _, was_accepted in rows)
        last = rows[-1][0]
    if done:
        logger.info("Events got the flow they waited for", extra={"events": done})
    return done


@transaction.atomic
def _put_through_batch(causes: list[str], last: int) -> list[tuple[int, bool]]:
    found = run(FIND, [causes, list(Flow.registry), last, BATCH])
    read = {id: _read(*row) for id, *row in found}
    known = [item for item in read.values() if item]
    systems: set[str] = set()
    for places in echoes.turns(known):
        accepted = echoes.without_echoes([known[place] for place in places])
        run(PUT_THROUGH, [json.dumps([ingestion.row_of(item) for item in accepted], ensure_ascii=False)])
        for effect, items in ingestion.effects_of(accepted).items():
            effect(items)
        systems |= {step.to.name for item in accepted for step in item.steps if not step.after}
    transaction.on_commit(lambda: wakeup.wake_up(systems))
    if refused := [id for id, item in read.items() if item is None]:
        run(REFUSE, [WithoutFlow.INVALID_DATA, refused])
    return [(id, item is not None) for id, item in read.items()]


def _read(type: str, source: str, key: str, data: Any, occurred_at: str) -> Envelope | None:
    """The event as its flow reads it, under the key it has; None if the flow does not accept it."""
    data = json.loads(data) if isinstance(data, str) else data
    body = {"type": type, "occurred_at": occurred_at, "data": data}
    try:
        return replace(envelope.read(dialects.translate(body, source), source=source), key=key)
    except RequestRejected:
        return None
