"""An event and its deliveries are stored together, once: equal keys decide in the database.

The same key from the same source is a repeat; one with other data is a conflict. An erased event is known
again by digests under SECRET_KEY, from which nobody can guess who it was: a sender that repeats it is
answered as before, and does not bring the person back.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import tenacity
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected

from carinho.access import derived_keys
from carinho.database import run
from carinho.personal_data import ERASED_KEY
from events.engine import wakeup
from events.flow import Flow, Run
from events.intake import echoes
from events.intake.envelope import DERIVED_KEY, Envelope, RequestRejected

DERIVED_KEY_LASTS = timedelta(hours=24)

Pair = tuple[str, str]  # source and key


@dataclass(frozen=True)
class Receipt:
    """The answer to one envelope: which event it is, and whether that was known already."""

    event_id: int
    is_duplicate: bool


class Conflict(RequestRejected):
    """The same id came before with other data."""

    def __init__(self, event_id: int) -> None:
        detail = _("Este id já foi usado com outros dados, no evento %(id)d.") % {"id": event_id}
        super().__init__("idempotency_conflict", detail, status=409, fields={"id": detail})


class RepeatVanished(Exception):
    """What an envelope repeats was removed meanwhile: stored once more, it is new."""


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
    _release_old_derived_keys(first.values())
    rows = json.dumps([row_of(item) for item in first.values()], ensure_ascii=False)
    new = {(source, key): id for id, source, key in run(INSERT, [rows])}
    for effect, items in effects_of(first[pair] for pair in new).items():
        effect(items)
    if new:
        systems = {step.to.name for pair in new for step in first[pair].steps if not step.after}
        transaction.on_commit(lambda: wakeup.wake_up(systems))
    return _answer_each(envelopes, first, new)


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
        "erased_keys": erased_keys_of(item.key),
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


# --- what came before -----------------------------------------------------------------------------

COUNT_REPEATS = """
WITH repeat AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[]) AS row(source, key, digest, times)
), counted AS (
    UPDATE events_event AS event SET duplicates = duplicates + repeat.times FROM repeat
    WHERE event.source = repeat.source AND event.key = repeat.key AND event.digest IN (repeat.digest, '')
)
SELECT DISTINCT source, key, event.id, event.digest FROM events_event AS event JOIN repeat USING (source, key)
"""

RELEASE_OLD_KEYS = """
UPDATE events_event SET key = key || ':' || id
WHERE (source, key) IN (SELECT * FROM unnest(%s::text[], %s::text[])) AND received_at < %s
"""


def _answer_each(
    envelopes: Sequence[Envelope], first: Mapping[Pair, Envelope], new: Mapping[Pair, int]
) -> list[Receipt | Conflict]:
    """One answer per envelope; the repeats among them are counted on the events they repeat.

    `first` has the envelope of each pair that was to be stored, `new` the ids of those that were. Raises
    `RepeatVanished`.
    """
    repeats = [item for item in envelopes if _is_repeat(item, first, new)]
    known = _count_repeats(repeats) if repeats else {}
    found: list[Receipt | Conflict] = []
    for item in envelopes:
        if not _is_repeat(item, first, new):
            found.append(Receipt(new[item.source, item.key], is_duplicate=False))
            continue
        pair = next(((item.source, key) for key in _keys(item) if (item.source, key) in known), None)
        if pair is None:
            raise RepeatVanished
        event_id, digest = known[pair]
        # without a digest it was erased before digests of those were kept: known by its id alone
        is_same = not digest or digest in _digests(item)
        found.append(Receipt(event_id, is_duplicate=True) if is_same else Conflict(event_id))
    return found


def _is_repeat(item: Envelope, first: Mapping[Pair, Envelope], new: Mapping[Pair, int]) -> bool:
    pair = (item.source, item.key)
    return pair not in new or first[pair] is not item


def _count_repeats(repeats: Sequence[Envelope]) -> dict[Pair, tuple[int, str]]:
    """The events these repeat. What came with other data is a conflict, and counts for none."""
    times = Counter(
        (item.source, key, digest) for item in repeats for key in _keys(item) for digest in _digests(item)
    )
    columns = [list(column) for column in zip(*times, strict=True)]
    rows = run(COUNT_REPEATS, [*columns, list(times.values())])
    return {(source, key): (id, digest) for source, key, id, digest in rows}


def _keys(item: Envelope) -> list[str]:
    return [item.key, *erased_keys_of(item.key)]


def _digests(item: Envelope) -> list[str]:
    return [item.digest, *erased_digests_of(item.digest)]


def _release_old_derived_keys(envelopes: Iterable[Envelope]) -> None:
    """A key made from the data recognises repeats for 24 hours only; after that it names a new event."""
    derived = [item for item in envelopes if item.key.startswith(DERIVED_KEY)]
    if derived:
        limit = min(item.received_at for item in derived) - DERIVED_KEY_LASTS
        pairs = [(item.source, key) for item in derived for key in _keys(item)]
        run(RELEASE_OLD_KEYS, [*map(list, zip(*pairs, strict=True)), limit])


def erased_keys_of(key: str) -> list[str]:
    """What an erasure puts in a key's place; the first now, the others under earlier values of SECRET_KEY."""
    return [ERASED_KEY + digest for digest in derived_keys.digests("key of an erased event", key)]


def erased_digests_of(digest: str) -> list[str]:
    """The same for the digest of an event's data."""
    return derived_keys.digests("data of an erased event", digest)
