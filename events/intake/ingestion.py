"""An event and its deliveries are stored together, once: equal keys decide in the database."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import tenacity
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from carinho.database import run
from events.engine import wakeup
from events.flow import Flow, Run
from events.intake import duplicates, echoes
from events.intake.duplicates import Conflict, Pair, Receipt, RepeatVanished
from events.intake.envelope import Envelope

DELIVERIES = """
    INSERT INTO events_delivery (event_id, step, service, subject, after, delay_seconds, status, due_at,
                                 useful_until)
    SELECT stored.id, step.name, step.service, incoming.subject, step.after, step.delay,
           CASE WHEN step.after = '' THEN 'queued' ELSE 'waiting' END,
           CASE WHEN step.after = '' THEN incoming.received_at + step.delay * interval '1 second' END,
           step.useful_until
    FROM stored JOIN incoming USING (source, key)
    CROSS JOIN LATERAL jsonb_to_recordset(incoming.steps) AS step(
        name text, service text, after text, delay int, useful_until timestamptz)
"""

# with a limit it stays a look into the index, however many events there are
ERASED = """
    SELECT known.id FROM events_event AS known
    WHERE known.source = incoming.source AND known.key = ANY(incoming.erased_keys) LIMIT 1
"""

INSERT = f"""
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS row(
        type text, source text, key text, digest text, data jsonb, as_sent jsonb, subject text, phone text,
        caused_by bigint, request_id text, trace_id text, occurred_at timestamptz, received_at timestamptz,
        status text, without_flow text, erased_keys text[], steps jsonb)
), stored AS (
    INSERT INTO events_event (type, source, key, digest, data, as_sent, subject, phone, caused_by_id,
                              request_id, trace_id, occurred_at, received_at, is_late, status, without_flow,
                              settled_at)
    SELECT type, source, key, digest, data, as_sent, subject, phone, caused_by, request_id, trace_id,
           occurred_at, received_at, occurred_at < received_at - interval '1 day', status,
           without_flow, CASE WHEN status = 'processed' THEN received_at END
    FROM incoming
    WHERE ({ERASED}) IS NULL
    ON CONFLICT (source, key) DO NOTHING
    RETURNING id, source, key
), caused AS ({DELIVERIES})
SELECT id, source, key FROM stored
"""  # noqa: S608 -- of constants only


def record(envelopes: Sequence[Envelope]) -> list[Receipt | Conflict]:
    """Store what is new, recognise what is known; one answer per envelope, in their order.

    The answers hold after the surrounding transaction's commit, or at once without one. Equal keys
    decide in the database, however many arrive at the same instant.
    """
    if not any(map(echoes.person_of, envelopes)):
        return _store(envelopes)
    answers: dict[int, Receipt | Conflict] = {}
    with transaction.atomic():
        for places in echoes.turns(envelopes):
            stored = _store([envelopes[place] for place in places])
            answers |= dict(zip(places, stored, strict=True))
    return [answers[place] for place in range(len(envelopes))]


def _store(envelopes: Sequence[Envelope]) -> list[Receipt | Conflict]:
    envelopes = echoes.without_echoes(envelopes)
    first: dict[Pair, Envelope] = {}
    for item in envelopes:
        first.setdefault((item.source, item.key), item)
    duplicates.release_old_derived_keys(first.values())
    rows = json.dumps([row_of(item) for item in first.values()], ensure_ascii=False)
    new = {(source, key): id for id, source, key in run(INSERT, [rows])}
    for effect, items in effects_of(first[pair] for pair in new).items():
        effect(items)
    if new:
        lanes = {step.to.name for pair in new for step in first[pair].steps if not step.after}
        transaction.on_commit(lambda: wakeup.wake_up(lanes))
    return duplicates.answers(envelopes, first, new)


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(RepeatVanished)
    | tenacity.retry_if_exception(
        lambda error: isinstance(error, OperationalError) and isinstance(error.__cause__, DeadlockDetected)
    ),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random(0, 0.2),
    reraise=True,
)
def accept(envelopes: Sequence[Envelope]) -> list[Receipt | Conflict]:
    """`record` in a transaction of its own, again after a deadlock or where what is repeated vanished.

    Two batches with the same ids may meet in a deadlock.
    """
    # one statement stores them, or `record` begins a transaction: none is needed around it
    if not effects_of(envelopes):
        return record(envelopes)
    with transaction.atomic():
        return record(envelopes)


def effects_of(items: Iterable[Envelope]) -> dict[Run, list[Envelope]]:
    """What these events do in the hub itself, with those that do it."""
    found: dict[Run, list[Envelope]] = {}
    for item in items:
        for effect in () if item.without_flow else Flow.registry[item.type].effects:
            found.setdefault(effect, []).append(item)
    return found


def row_of(item: Envelope) -> dict[str, Any]:
    """The event as the statements take it, with its steps."""
    return {
        "type": item.type,
        "source": item.source,
        "key": item.key,
        "digest": item.digest,
        "data": item.data,
        "as_sent": item.as_sent,
        "subject": item.subject,
        "phone": item.phone,
        "caused_by": item.caused_by,
        "request_id": item.request_id,
        "trace_id": item.trace_id,
        "occurred_at": item.occurred_at.isoformat(),
        "received_at": item.received_at.isoformat(),
        "erased_keys": duplicates.erased_keys_of(item.key),
        "status": "pending" if item.steps else "processed",
        "without_flow": item.without_flow,
        "steps": [_step_row(item, step) for step in item.steps],
    }


def _step_row(item: Envelope, step: Any) -> dict[str, Any]:
    useful_until = step.useful_until(item.data, min(item.occurred_at, item.received_at))
    return {
        "name": step.name,
        "service": step.to.name,
        "after": step.after,
        "delay": step.delay(),
        "useful_until": useful_until.isoformat() if useful_until else None,
    }
