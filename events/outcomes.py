"""Writing what became of a batch of deliveries, with all consequences, in one transaction."""

import logging
from collections.abc import Sequence
from typing import Any

import tenacity
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection, transaction

from carinho.sql import run, run_rows
from events import delivery, envelope, ingestion, lane_hooks, nudges, progress
from events.delivery import Result
from events.envelope import Refused
from events.flow import Flow
from events.models import Outcome

logger = logging.getLogger(__name__)

MOVE = """
UPDATE events_delivery AS delivery
SET status = row.status, due_at = row.due_at, leased_until = NULL, attempts = row.attempts,
    held_since = CASE WHEN row.held_since IS NULL AND row.outcome <> '' THEN NULL
                      ELSE coalesce(delivery.held_since, row.held_since) END,
    unsure_since = row.unsure_since, skip_cause = row.skip_cause,
    result = coalesce(row.value, delivery.result),
    error = CASE WHEN row.outcome = '' THEN delivery.error ELSE row.error END,
    finished_at = CASE WHEN row.status IN ('done', 'skipped') THEN now() END
FROM jsonb_to_recordset(%s::jsonb) AS row(
    id bigint, lease timestamptz, status text, outcome text, due_at timestamptz, attempts int,
    held_since timestamptz, unsure_since timestamptz, value jsonb, skip_cause text, error text)
WHERE delivery.id = row.id AND delivery.status = 'running' AND delivery.leased_until = row.lease
RETURNING delivery.id
"""

ATTEMPTS = """
INSERT INTO events_attempt (delivery_id, started_at, duration_ms, outcome, is_trial, status_code, error, sent,
                            answered)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS row(
    id bigint, started_at timestamptz, duration_ms int, outcome text, is_trial boolean, status_code int,
    error text, sent text, answered text)
"""

BURY = """
INSERT INTO events_deadletter AS letter
    (delivery_id, event_id, event_type, service, step, kind, cause, reason)
SELECT delivery.id, event.id, event.type, delivery.service, delivery.step, row.kind, row.cause, row.reason
FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, kind text, cause text, reason text)
JOIN events_delivery AS delivery USING (id) JOIN events_event AS event ON event.id = delivery.event_id
ON CONFLICT (delivery_id) DO UPDATE
SET status = 'open', kind = excluded.kind, cause = excluded.cause, reason = excluded.reason, closed_at = NULL,
    failures = letter.failures + 1, failed_at = now()
"""

RESOLVE = """
UPDATE events_deadletter SET status = 'resolved', closed_at = now()
WHERE delivery_id = ANY(%s) AND status IN ('open', 'retrying')
"""

CLOSE_EXPIRED = """
UPDATE events_deadletter SET status = 'archived', closed_at = now(), note = 'Passou da hora de ser útil.'
WHERE delivery_id = ANY(%s) AND status = 'retrying'
"""

RELEASE = """
UPDATE events_delivery AS follower
SET status = CASE WHEN earlier.status = 'done' THEN 'queued' ELSE 'skipped' END,
    due_at = CASE WHEN earlier.status = 'done' THEN now() + follower.delay_seconds * interval '1 second' END,
    skip_cause = CASE WHEN earlier.status = 'done' THEN '' ELSE 'earlier' END,
    finished_at = CASE WHEN earlier.status = 'done' THEN NULL ELSE now() END
FROM events_delivery AS earlier
WHERE earlier.id = ANY(%s) AND earlier.status IN ('done', 'skipped')
  AND follower.event_id = earlier.event_id AND follower.after = earlier.step AND follower.status = 'waiting'
RETURNING follower.id, follower.service, follower.status
"""


UNSTORABLE = (DataError, IntegrityError, Refused, ValueError)  # these results themselves are to blame


def _close_connection(_: tenacity.RetryCallState) -> None:
    connection.close()  # the next try opens another


@tenacity.retry(
    retry=tenacity.retry_if_exception_type((OperationalError, InterfaceError)),
    stop=tenacity.stop_after_delay(30),
    wait=tenacity.wait_random(0.2, 1),
    before_sleep=_close_connection,
    reraise=True,
)
def _write_patiently(results: Sequence[Result]) -> None:
    write(results)


def write_all(results: Sequence[Result]) -> None:
    """Store a batch; if it cannot be stored together, one by one, and what cannot be stored is for a person.

    Waits up to half a minute for a database that went away: the calls were made, and a result that is lost
    is a call made twice. Raises django.db.OperationalError after that.
    """
    try:
        _write_patiently(results)
    except UNSTORABLE:
        logger.exception("Outcomes could not be stored together", extra={"deliveries": len(results)})
        for result in results:
            _write_alone(result)


def _write_alone(result: Result) -> None:
    try:
        _write_patiently([result])
    except UNSTORABLE as own_error:
        logger.exception("Outcome could not be stored", extra={"delivery_id": result.claim.id})
        write([delivery.buried(result.claim, Outcome.BROKEN, own_error)])


def write(results: Sequence[Result]) -> None:
    """Store these results. One whose lease was lost in the meantime is left out: another run owns it."""
    with transaction.atomic():
        mine = _move(results)
        kept = [result for result in results if result.claim.id in mine]
        _log_lost(results, mine)
        write_attempts([_attempt_row(result) for result in kept if result.outcome])
        bury([_letter_row(result) for result in kept if result.status == "dead"])
        resolve([result.claim.id for result in kept if result.status == "done"])
        close_expired([result.claim.id for result in kept if result.status == "skipped"])
        release_followers([result.claim.id for result in kept if _has_followers(result)])
        _record_emitted(kept)
        lane_hooks.on_written(kept)
        progress.settle(result.claim.event.id for result in kept if result.outcome or result.skip_cause)


def _move(results: Sequence[Result]) -> set[int]:
    return {id for (id,) in run_rows(MOVE, [_delivery_row(result) for result in results])}


def _delivery_row(result: Result) -> dict[str, Any]:
    return {
        "id": result.claim.id,
        "lease": result.claim.lease,
        "status": result.status,
        "outcome": result.outcome,
        "due_at": result.due_at,
        "attempts": result.attempts,
        "held_since": result.held_since,
        "unsure_since": result.unsure_since,
        "value": result.value,
        "skip_cause": result.skip_cause,
        "error": result.error,
    }


def _attempt_row(result: Result) -> dict[str, Any]:
    return {
        "id": result.claim.id,
        "started_at": result.started_at,
        "duration_ms": result.duration_ms,
        "outcome": result.outcome,
        "is_trial": result.claim.is_trial,
        "status_code": result.status_code,
        "error": result.error,
        "sent": result.sent,
        "answered": result.answered,
    }


def _letter_row(result: Result) -> dict[str, Any]:
    return {"id": result.claim.id, "kind": result.kind, "cause": result.cause, "reason": result.error}


def write_attempts(rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        run_rows(ATTEMPTS, rows)


def bury(rows: Sequence[dict[str, Any]]) -> None:
    """Open a dead letter per row (`id`, `kind`, `cause`, `reason`), or open it again with a count."""
    if rows:
        run_rows(BURY, rows)


def resolve(delivery_ids: Sequence[int]) -> None:
    """Close the dead letters of deliveries that succeeded at last."""
    if delivery_ids:
        run(RESOLVE, [list(delivery_ids)])


def close_expired(delivery_ids: Sequence[int]) -> None:
    """Archive the dead letters whose retry came too late to be useful."""
    if delivery_ids:
        run(CLOSE_EXPIRED, [list(delivery_ids)])


def release_followers(delivery_ids: Sequence[int]) -> None:
    """Queue the steps that waited for these, or skip them, and theirs in turn, if these will never happen."""
    if not delivery_ids:
        return
    moved = run(RELEASE, [list(delivery_ids)])
    lanes = {service for _, service, status in moved if status == "queued"}
    transaction.on_commit(lambda: nudges.nudge(lanes))
    release_followers([id for id, _, status in moved if status == "skipped"])


def _has_followers(result: Result) -> bool:
    if result.status not in ("done", "skipped"):
        return False
    flow = Flow.registry.get(result.claim.event.type)
    return flow is not None and any(step.after == result.claim.step for step in flow.steps.values())


def _record_emitted(results: Sequence[Result]) -> None:
    envelopes = [
        envelope.read(
            {"type": emission.type, "id": emission.key, "data": emission.data},
            source=emission.source,
            caused_by=result.claim.event.id,
            request_id=result.claim.request_id,
            trace_id=result.claim.trace_id,
        )
        for result in results
        for emission in result.emitted
    ]
    if envelopes:
        ingestion.record(envelopes)


def _log_lost(results: Sequence[Result], mine: set[int]) -> None:
    for result in results:
        if result.claim.id not in mine:
            logger.warning("Outcome came after its lease was lost", extra={"delivery_id": result.claim.id})
