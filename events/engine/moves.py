# ruff: noqa: S608 -- these statements are put together from this module's own constants
"""The moves of a delivery, and the statement of each. Only `events.engine.transitions` runs them."""

from collections.abc import Iterable
from typing import NamedTuple

from events.engine.partitions import MINE
from events.models import DeliveryStatus

WAITING, QUEUED, RUNNING, DONE, DEAD, SKIPPED = (status.value for status in DeliveryStatus)
ENDED = (DONE, SKIPPED)  # what waits for such a step is released


class Move(NamedTuple):
    sources: tuple[str, ...]
    target: str
    by: str
    when: str


MOVES = {
    "claim": Move((QUEUED,), RUNNING, "lane", "it is due and its system takes deliveries"),
    "renew": Move((RUNNING,), RUNNING, "lane", "its call still runs when half of the lease is over"),
    "finish": Move((RUNNING,), DONE, "lane", "the system has it"),
    "retry_later": Move((RUNNING,), QUEUED, "lane", "no answer, and an attempt is left"),
    "keep_in_doubt": Move((RUNNING,), QUEUED, "lane", "its end was not seen: the next attempt looks first"),
    "hold": Move((RUNNING,), QUEUED, "lane", "nothing was sent: the attempt is given back"),
    "fail": Move((RUNNING,), DEAD, "lane", "refused, broken, or no attempt left"),
    "skip": Move((RUNNING,), SKIPPED, "lane", "found to be of no use any more; nothing was sent"),
    "release": Move((WAITING,), QUEUED, "earlier step", "the step it waits for is done"),
    "skip_follower": Move((WAITING,), SKIPPED, "earlier step", "the step it waits for will not happen"),
    "wait_again": Move((SKIPPED,), WAITING, "earlier step", "the step it waited for was restored"),
    "recover": Move((RUNNING,), QUEUED, "recovery", "its lease lapsed, and a repeat is safe"),
    "fail_lapsed": Move((RUNNING,), DEAD, "recovery", "its lease lapsed, and a repeat is not safe"),
    "fail_held": Move((QUEUED,), DEAD, "recovery", "its system was away for longer than the hold limit"),
    "expire": Move((QUEUED, WAITING), SKIPPED, "recovery", "its useful time is over"),
    "requeue": Move((DEAD,), QUEUED, "operator", "it is to be sent again, with all its attempts"),
    "take_back": Move((QUEUED,), DEAD, "operator", "it was requeued, and its first attempt has not begun"),
    "archive": Move((DEAD,), SKIPPED, "operator", "nobody needs it any more"),
    "restore": Move((SKIPPED,), DEAD, "operator", "its closed dead letter is opened again"),
    "supersede": Move((DEAD,), SKIPPED, "recovery", "a later event did the same for the same record"),
    "make_due": Move((QUEUED,), QUEUED, "operator", "its next attempt is not to wait"),
    "give_up": Move((QUEUED,), DEAD, "operator", "no other attempt is wanted; archived at once"),
    "cancel": Move((QUEUED, WAITING), SKIPPED, "operator", "it was not sent yet, and is not to be"),
    "confirm": Move((DEAD, QUEUED), DONE, "late receipt", "it got through after all"),
    "mark_failed": Move((DONE,), DEAD, "late receipt", "it was taken as done and was not"),
}

CLEAN = {
    "due_at": "NULL",
    "leased_until": "NULL",
    "held_since": "NULL",
    "in_doubt_since": "NULL",
    "skip_cause": "''",
    "finished_at": "NULL",
}
MOVED = """
delivery.id, delivery.event_id, delivery.service, delivery.status,
EXISTS (SELECT FROM events_delivery AS follower
        WHERE follower.event_id = delivery.event_id AND follower.after = delivery.step)
"""


def _quoted(statuses: Iterable[str]) -> str:
    return ", ".join(f"'{status}'" for status in sorted(set(statuses)))


def _columns(target: str, columns: dict[str, str]) -> str:
    """The columns of a state; those of doubt, hold and lease that it does not set are reset."""
    written = CLEAN | ({"finished_at": "now()"} if target in ENDED else {}) | columns
    return ", ".join(f"{name} = {value}" for name, value in written.items())


def _update(name: str, *, only: str = "true", **columns: str) -> str:
    """The statement of a move of the deliveries `ids` that are `only` such; `columns` differ from `CLEAN`."""
    move = MOVES[name]
    return f"""
WITH chosen AS (
    SELECT id FROM events_delivery
    WHERE id = ANY(%(ids)s) AND status IN ({_quoted(move.sources)}) AND {only}
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE events_delivery AS delivery SET status = '{move.target}', {_columns(move.target, columns)}
FROM chosen WHERE delivery.id = chosen.id
RETURNING {MOVED}
"""


# --- statements: a lane's -------------------------------------------------------------------------

STEP_AND_EVENT = """
delivery.useful_until, delivery.idempotency_key,
EXISTS (SELECT FROM events_deadletter AS mine WHERE mine.delivery_id = delivery.id),
(SELECT earlier.result FROM events_delivery AS earlier
 WHERE delivery.after <> '' AND earlier.event_id = delivery.event_id AND earlier.step = delivery.after),
CASE WHEN event.phone <> '' OR event.subject = '' THEN event.phone
     ELSE (SELECT phone FROM events_event AS known
           WHERE known.subject = event.subject AND known.subject <> '' AND known.phone <> ''
           ORDER BY id DESC LIMIT 1) END,
(SELECT jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'old', old, 'new', new)) FROM events_redirect
 WHERE system = delivery.service AND ended_at IS NULL AND ends_at > now()),
event.id, event.type, event.source, event.occurred_at, event.data, event.request_id, event.trace_id
"""


def _claim_statement(only: str = "") -> str:
    return f"""
WITH picked AS (
    SELECT due.id, due.due_at, due.event_id FROM events_delivery AS due
    WHERE due.service = %(service)s AND due.status IN ({_quoted(MOVES["claim"].sources)})
      AND due.due_at <= now(){only}
      AND NOT EXISTS (SELECT FROM events_circuitbreaker
                      WHERE service = %(service)s AND (paused_at IS NOT NULL OR offline_since IS NOT NULL))
      AND NOT EXISTS (SELECT FROM events_lane WHERE service = %(service)s AND not_before > now())
      AND (due.subject = '' OR NOT EXISTS (
          SELECT FROM events_delivery AS before
          WHERE before.service = due.service AND before.subject = due.subject
            AND before.status IN ('queued', 'running')
            AND (before.status = 'running'
                 OR before.due_at <= now() AND (before.event_id, before.id) < (due.event_id, due.id))))
    ORDER BY due.due_at, due.id
    LIMIT %(places)s
    FOR UPDATE SKIP LOCKED
)
UPDATE events_delivery AS delivery
SET status = '{MOVES["claim"].target}', due_at = NULL, attempts = delivery.attempts + 1, claimed_at = now(),
    leased_until = now() + %(lease)s * interval '1 second'
FROM picked
JOIN events_event AS event ON event.id = picked.event_id
WHERE delivery.id = picked.id
RETURNING delivery.id, delivery.service, delivery.in_doubt_since, delivery.step, delivery.attempts,
          picked.due_at, delivery.leased_until, {STEP_AND_EVENT}
"""


CLAIM = _claim_statement()
CLAIM_IN_PARTITION = _claim_statement(MINE)

IF_REQUEUED = f"""
SELECT delivery.id, delivery.service, NULL::timestamptz, delivery.step, 1, now(),
       now() + %(lease)s * interval '1 second', {STEP_AND_EVENT}
FROM events_deadletter AS dead_letter
JOIN events_delivery AS delivery ON delivery.id = dead_letter.delivery_id
JOIN events_event AS event ON event.id = delivery.event_id
WHERE dead_letter.id = ANY(%(ids)s) AND delivery.status IN ({_quoted(MOVES["requeue"].sources)})
ORDER BY dead_letter.id
"""

IF_DUE = f"""
SELECT delivery.id, delivery.service, delivery.in_doubt_since, delivery.step, delivery.attempts + 1,
       delivery.due_at, delivery.due_at + %(lease)s * interval '1 second', {STEP_AND_EVENT}
FROM events_delivery AS delivery
JOIN events_event AS event ON event.id = delivery.event_id
WHERE delivery.id = ANY(%(ids)s) AND delivery.status IN ({_quoted(MOVES["claim"].sources)})
"""

RENEW = f"""
UPDATE events_delivery AS delivery SET leased_until = now() + %(lease)s * interval '1 second'
FROM unnest(%(ids)s::bigint[], %(leases)s::timestamptz[]) AS row(id, lease)
WHERE delivery.id = row.id AND delivery.status IN ({_quoted(MOVES["renew"].sources)})
  AND delivery.leased_until = row.lease
RETURNING delivery.id, delivery.leased_until
"""

ENDS = [move for move in MOVES.values() if move.by == "lane" and move.sources == (RUNNING,)]
# The attempts go with it, and the events' rows are locked, unless steps that follow are moved before that
END = f"""
WITH row AS (
    SELECT row.*, row.status = '{QUEUED}' AS is_queued FROM jsonb_to_recordset(%s::jsonb) AS row(
        id bigint, lease timestamptz, status text, outcome text, due_at timestamptz, attempts int,
        held_since timestamptz, in_doubt_since timestamptz, value jsonb, skip_cause text, error text,
        started_at timestamptz, duration_ms int, is_probe boolean, status_code int, sent text, answered text,
        redirects bigint[])
    JOIN events_delivery AS mine
        ON mine.id = row.id AND mine.status = '{RUNNING}' AND mine.leased_until = row.lease
    WHERE row.status IN ({_quoted(move.target for move in ENDS if move.target != RUNNING)})
    ORDER BY row.id FOR NO KEY UPDATE OF mine
), moved AS (
    UPDATE events_delivery AS delivery
    SET status = row.status, due_at = row.due_at, leased_until = NULL, attempts = row.attempts,
        held_since = CASE WHEN row.is_queued AND (row.held_since IS NOT NULL OR row.outcome = '')
                          THEN coalesce(delivery.held_since, row.held_since) END,
        in_doubt_since = CASE WHEN row.is_queued THEN row.in_doubt_since END, skip_cause = row.skip_cause,
        result = coalesce(row.value, delivery.result),
        error = CASE WHEN row.outcome = '' THEN delivery.error ELSE row.error END,
        finished_at = CASE WHEN row.status IN ({_quoted(ENDED)}) THEN now() END
    FROM row WHERE delivery.id = row.id
    RETURNING {MOVED.strip()} AS is_awaited, row.outcome <> '' OR row.skip_cause <> '' AS is_changed
), attempt AS (
    INSERT INTO events_attempt (delivery_id, started_at, duration_ms, outcome, is_probe, status_code, error,
                                sent, answered, redirects)
    SELECT id, started_at, duration_ms, outcome, is_probe, status_code, error, sent, answered, redirects
    FROM row WHERE outcome <> ''
), event AS (
    SELECT id FROM events_event
    WHERE id IN (SELECT event_id FROM moved WHERE is_changed)
      AND NOT EXISTS (SELECT FROM moved WHERE is_awaited)
    ORDER BY id FOR NO KEY UPDATE
)
SELECT moved.id, event_id, service, status, is_awaited, event.id IS NOT NULL
FROM moved LEFT JOIN event ON event.id = event_id
"""

# --- statements: recovery's, an operator's, a late receipt's --------------------------------------

IS_LAPSED = "leased_until < now()"
RECOVER = _update(
    "recover",
    only=IS_LAPSED,
    due_at="now()",
    held_since="held_since",
    in_doubt_since="CASE WHEN service = ANY(%(look_first)s) THEN least(claimed_at, leased_until) END",
)
FAIL_LAPSED = _update("fail_lapsed", only=IS_LAPSED, error="%(error)s")
FAIL_HELD = _update("fail_held", error="%(error)s")
EXPIRE = _update("expire", only="useful_until < now() AND in_doubt_since IS NULL", skip_cause="'expired'")
REQUEUE = _update("requeue", due_at="now()", attempts="0")
TAKE_BACK = _update("take_back", only="attempts = 0 AND in_doubt_since IS NULL")
ARCHIVE = _update("archive", skip_cause="'archived'")
RESTORE = _update("restore")
SUPERSEDE = _update(
    "supersede",
    only="""NOT EXISTS (
        SELECT FROM events_delivery AS follower
        WHERE follower.event_id = events_delivery.event_id AND follower.after = events_delivery.step
          AND follower.status = 'waiting')""",
    skip_cause="'superseded'",
)
IS_RETRYING = "attempts > 0"
MAKE_DUE = _update(
    "make_due", only=IS_RETRYING, due_at="now()", held_since="held_since", in_doubt_since="in_doubt_since"
)
GIVE_UP = _update(
    "give_up",
    only=IS_RETRYING,
    error="CASE WHEN error = '' THEN 'Given up before another attempt' ELSE error END",
)
CANCEL = _update("cancel", only="in_doubt_since IS NULL", skip_cause="'archived'")
CONFIRM = _update("confirm", error="''")
MARK_FAILED = _update("mark_failed", error="%(error)s")

# --- statements: after a correction of the event's data ---------------------------------------------

RETARGET = f"""
UPDATE events_delivery AS delivery SET subject = row.subject, useful_until = row.useful_until
FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, subject text, useful_until timestamptz)
WHERE delivery.id = row.id AND delivery.status IN ({_quoted((WAITING, QUEUED, DEAD))})
"""

ADD = f"""
INSERT INTO events_delivery (event_id, step, service, subject, after, delay_seconds, status, due_at,
                             useful_until, skip_cause, finished_at)
SELECT row.event_id, row.step, row.service, row.subject, row.after, row.delay, added.status,
       CASE WHEN added.status = '{QUEUED}' THEN now() + row.delay * interval '1 second' END, row.useful_until,
       CASE WHEN added.status = '{SKIPPED}' THEN 'earlier' ELSE '' END,
       CASE WHEN added.status = '{SKIPPED}' THEN now() END
FROM jsonb_to_recordset(%s::jsonb) AS row(
    event_id bigint, step text, service text, subject text, after text, delay int, useful_until timestamptz)
LEFT JOIN events_delivery AS earlier ON earlier.event_id = row.event_id AND earlier.step = row.after
CROSS JOIN LATERAL (SELECT CASE WHEN row.after = '' OR earlier.status = '{DONE}' THEN '{QUEUED}'
                                WHEN earlier.status = '{SKIPPED}' THEN '{SKIPPED}'
                                ELSE '{WAITING}' END AS status) AS added
ON CONFLICT (event_id, step) DO NOTHING
RETURNING id, event_id, service, status, true
"""

# --- statements: what a move brings with it -------------------------------------------------------

FOLLOW = """
WITH chosen AS (
    SELECT follower.id FROM events_delivery AS follower
    JOIN events_delivery AS earlier ON follower.event_id = earlier.event_id AND follower.after = earlier.step
    WHERE earlier.id = ANY(%(ids)s) AND earlier.status = '{earlier}' AND follower.status IN ({sources})
      AND {only}
    ORDER BY follower.id FOR NO KEY UPDATE OF follower
)
UPDATE events_delivery AS delivery SET status = '{target}', {columns}
FROM chosen WHERE delivery.id = chosen.id
RETURNING {moved}
"""


def _follow(name: str, earlier: str, *, only: str = "true", **columns: str) -> str:
    """The statement of a move of those that follow the deliveries `ids`."""
    move = MOVES[name]
    return FOLLOW.format(
        earlier=earlier,
        sources=_quoted(move.sources),
        only=only,
        target=move.target,
        columns=_columns(move.target, columns),
        moved=MOVED,
    )


RELEASE = _follow("release", DONE, due_at="now() + delivery.delay_seconds * interval '1 second'")
SKIP_FOLLOWER = _follow("skip_follower", SKIPPED, skip_cause="'earlier'")
WAIT_AGAIN = _follow("wait_again", DEAD, only="follower.skip_cause = 'earlier'")
WAIT_AGAIN_TOO = _follow("wait_again", WAITING, only="follower.skip_cause = 'earlier'")

DEAD_LETTERS_OF = """
SELECT delivery_id, id, service, step, cause FROM events_deadletter WHERE delivery_id = ANY(%s)
"""
DELIVERIES_OF_DEAD_LETTERS = "SELECT delivery_id FROM events_deadletter WHERE id = ANY(%s)"
LOCK_DELIVERIES = "SELECT id FROM events_delivery WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"

OPEN_DEAD_LETTERS = """
INSERT INTO events_deadletter AS dead_letter
    (delivery_id, event_id, event_type, service, step, subject, kind, cause, reason)
SELECT delivery.id, event.id, event.type, delivery.service, delivery.step, delivery.subject, row.kind,
       row.cause, coalesce(nullif(row.reason, ''), delivery.error)
FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, kind text, cause text, reason text)
JOIN events_delivery AS delivery USING (id) JOIN events_event AS event ON event.id = delivery.event_id
ON CONFLICT (delivery_id) DO UPDATE
SET status = 'open', kind = excluded.kind, cause = excluded.cause, reason = excluded.reason, closed_at = NULL,
    failures = dead_letter.failures + 1, failed_at = now()
RETURNING service, step, cause, id, event_id, event_type
"""

DEAD_LETTERS_FOLLOW = f"""
UPDATE events_deadletter AS dead_letter
SET status = CASE delivery.status WHEN '{DEAD}' THEN 'open' WHEN '{DONE}' THEN 'resolved'
                                  WHEN '{SKIPPED}' THEN CASE delivery.skip_cause
                                      WHEN 'superseded' THEN 'resolved' ELSE 'archived' END
                                  ELSE 'retrying' END,
    closed_at = CASE WHEN delivery.status IN ({_quoted(ENDED)}) THEN now() END,
    moved_by = coalesce(%(actor)s, dead_letter.moved_by),
    note = coalesce(%(skip_notes)s::jsonb ->> delivery.skip_cause, %(note)s, dead_letter.note)
FROM events_delivery AS delivery JOIN events_deadletter AS before ON before.delivery_id = delivery.id
WHERE before.id = dead_letter.id AND delivery.id = ANY(%(ids)s)
RETURNING dead_letter.service, dead_letter.step, dead_letter.cause, dead_letter.id, dead_letter.event_id,
          dead_letter.event_type, before.status, dead_letter.status
"""

SUPERSEDED_BY = """
UPDATE events_deadletter AS dead_letter SET superseded_by_id = row.event_id
FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, event_id bigint) WHERE dead_letter.id = row.id
"""

LOCK_EVENTS = "SELECT id FROM events_event WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
LOCK_EVENTS_OF = """
SELECT id FROM events_event WHERE id IN (SELECT event_id FROM events_delivery WHERE id = ANY(%s))
ORDER BY id FOR NO KEY UPDATE
"""
LOCK_GROUPS_OF = """
SELECT id FROM events_failuregroup
WHERE (service, step, cause) IN (
    SELECT service, step, cause FROM events_deadletter WHERE delivery_id = ANY(%s))
ORDER BY service, step, cause FOR NO KEY UPDATE
"""

EVENTS_FOLLOW = """
UPDATE events_event AS event
SET status = now_known.status,
    settled_at = CASE WHEN now_known.status IN ('processed', 'archived') THEN now() END
FROM (
    SELECT event_id,
           CASE WHEN bool_or(status = 'dead') THEN 'failed'
                WHEN bool_or(status IN ('waiting', 'queued', 'running'))
                     THEN CASE WHEN bool_or(attempts > 0 OR status IN ('running', 'done', 'skipped'))
                               THEN 'processing' ELSE 'pending' END
                WHEN bool_or(skip_cause = 'archived') THEN 'archived'
                ELSE 'processed' END AS status
    FROM events_delivery WHERE event_id = ANY(%s) GROUP BY event_id
) AS now_known
WHERE event.id = now_known.event_id AND event.status <> now_known.status
RETURNING event.id, event.type, event.source, event.status
"""
