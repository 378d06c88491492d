"""Groups of dead letters open and are resolved with them, in the transaction that moves these.

A group's row is locked before its dead letters are looked at, so that of two transactions that close its last
two, the second sees what the first one did. Rows are locked after events, by service, step and cause.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from carinho.database import run, run_rows


class GroupKey(NamedTuple):
    service: str
    step: str
    cause: str


LOCK = """
INSERT INTO events_failuregroup AS known (service, step, cause, failures)
SELECT service, step, cause, failures
FROM jsonb_to_recordset(%s::jsonb) AS row(service text, step text, cause text, failures int)
ORDER BY service, step, cause
ON CONFLICT (service, step, cause) DO UPDATE
SET failures = known.failures + excluded.failures,
    last_failed_at = CASE WHEN excluded.failures > 0 THEN now() ELSE known.last_failed_at END
RETURNING id
"""

UPDATE_STATES = """
WITH found AS (
    SELECT known.id, known.state AS was, known.owner, EXISTS (
               SELECT FROM events_deadletter AS any_left
               WHERE any_left.status IN ('open', 'retrying') AND any_left.service = known.service
                 AND any_left.cause = known.cause AND any_left.step = known.step) AS is_open,
           CASE known.state WHEN 'silenced' THEN known.silenced_at_count < (
               SELECT count(*) FROM (
                   SELECT FROM events_deadletter AS waiting
                   WHERE waiting.status = 'open' AND waiting.service = known.service
                     AND waiting.cause = known.cause AND waiting.step = known.step
                   LIMIT known.silenced_at_count + 1) AS counted) ELSE false END AS is_worse,
           last.status AS closed_as, last.moved_by, last.skip_cause, last.is_corrected
    FROM events_failuregroup AS known LEFT JOIN LATERAL (
        SELECT closed.status, closed.moved_by, delivery.skip_cause, EXISTS (
            SELECT FROM events_correction AS correction
            WHERE correction.event_id = closed.event_id AND correction.at > closed.failed_at) AS is_corrected
        FROM events_deadletter AS closed JOIN events_delivery AS delivery ON delivery.id = closed.delivery_id
        WHERE closed.id = ANY(%(closed)s) AND closed.status IN ('resolved', 'archived')
          AND closed.service = known.service AND closed.cause = known.cause AND closed.step = known.step
        ORDER BY closed.id DESC LIMIT 1) AS last ON true
    WHERE known.id = ANY(%(ids)s)
), changed AS (
    SELECT *, CASE WHEN NOT is_open THEN 'resolved' WHEN is_worse AND owner <> '' THEN 'taken'
                   WHEN is_worse OR was = 'resolved' THEN 'regressed' ELSE was END AS state,
           CASE WHEN closed_as IS NULL THEN 'other_cause' WHEN skip_cause = 'superseded' THEN skip_cause
                WHEN %(actor)s::text IS NOT NULL THEN 'archive'
                WHEN closed_as = 'resolved' AND moved_by <> '' AND is_corrected THEN 'correct'
                WHEN closed_as = 'resolved' AND moved_by <> '' THEN 'retry' ELSE 'itself' END AS closed_with
    FROM found
), moved AS (
    UPDATE events_failuregroup AS known
    SET state = changed.state, owner = CASE WHEN changed.state = 'taken' THEN known.owner ELSE '' END,
        silenced_at_count = NULL,
        resolved_at = CASE WHEN changed.state = 'resolved' THEN now() ELSE known.resolved_at END,
        resolved_by = CASE WHEN changed.state <> 'resolved' THEN known.resolved_by
                           WHEN changed.closed_with = 'archive' THEN %(actor)s
                           WHEN changed.closed_with IN ('retry', 'correct') THEN changed.moved_by ELSE '' END,
        resolved_with = CASE WHEN changed.state = 'resolved' THEN changed.closed_with
                             ELSE known.resolved_with END
    FROM changed WHERE known.id = changed.id AND known.state <> changed.state
    RETURNING known.id, changed.is_worse, known.state, known.resolved_by
)
INSERT INTO events_groupentry (group_id, kind, actor)
SELECT id, CASE WHEN is_worse THEN 'worse' ELSE state END,
       CASE WHEN state = 'resolved' THEN resolved_by ELSE '' END
FROM moved
"""


def update(
    failed: Sequence[GroupKey], moved: Iterable[GroupKey], *, closed: Sequence[int], actor: str | None
) -> None:
    """Write the state of the groups of dead letters that were opened and of those that were moved.

    `failed` has one key for each that was opened, `closed` are the ids of those that may have been closed,
    and `actor` is who closed them, if a person did.
    """
    failures = Counter(failed)
    keys = {*failures, *moved}
    if keys:
        rows = run_rows(LOCK, [key._asdict() | {"failures": failures[key]} for key in keys])
        run(UPDATE_STATES, {"ids": [id for (id,) in rows], "closed": list(closed), "actor": actor})
