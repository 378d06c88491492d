"""Growth: successes and rejected requests are kept 30 days, failures and what waits for a flow a year."""

from datetime import datetime, timedelta

from django.db import connection, transaction

FAILURES_KEPT = timedelta(days=365)
BATCH = 1000
MOST_REJECTED = 10_000

OVER = """
SELECT event.id FROM events_event AS event
WHERE event.received_at < now() - interval '30 days' AND event.status IN ('processed', 'archived')
  AND NOT EXISTS (SELECT FROM events_event AS caused WHERE caused.caused_by_id = event.id)
  AND (event.received_at < now() - %s * interval '1 day'
       OR event.without_flow = ''
       AND NOT EXISTS (SELECT FROM events_deadletter AS dead_letter WHERE dead_letter.event_id = event.id))
ORDER BY event.received_at LIMIT %s FOR UPDATE SKIP LOCKED
"""

REMOVALS = [
    """DELETE FROM events_attempt
       WHERE delivery_id IN (SELECT id FROM events_delivery WHERE event_id = ANY(%s))""",
    "DELETE FROM events_correction WHERE event_id = ANY(%s)",
    """DELETE FROM events_bulkitem
       WHERE dead_letter_id IN (SELECT id FROM events_deadletter WHERE event_id = ANY(%s))""",
    """DELETE FROM events_escalation
       WHERE dead_letter_id IN (SELECT id FROM events_deadletter WHERE event_id = ANY(%s))""",
    "DELETE FROM events_deadletter WHERE event_id = ANY(%s)",
    "UPDATE events_rejectedrequest SET accepted_id = NULL WHERE accepted_id = ANY(%s)",
    "DELETE FROM events_delivery WHERE event_id = ANY(%s)",
    "DELETE FROM events_event WHERE id = ANY(%s)",
]

EMPTY_JOBS = """
DELETE FROM events_bulkjob AS job
WHERE ended_at IS NOT NULL AND NOT EXISTS (SELECT FROM events_bulkitem WHERE job_id = job.id)
"""
OLD_REJECTED = "DELETE FROM events_rejectedrequest WHERE received_at < now() - interval '30 days'"
SURPLUS_REJECTED = """
DELETE FROM events_rejectedrequest WHERE id IN (
    SELECT id FROM events_rejectedrequest ORDER BY is_proven DESC, id DESC OFFSET %s)
"""


def removed_at(received_at: datetime) -> datetime:
    """When an event that failed, and was dealt with, is removed with all that belongs to it."""
    return received_at + FAILURES_KEPT


def prune() -> None:
    """Remove what is past its time. Requests of unproven senders never push out the others."""
    while prune_events() == BATCH:
        pass
    with connection.cursor() as cursor:
        cursor.execute(EMPTY_JOBS)
        cursor.execute(OLD_REJECTED)
        cursor.execute(SURPLUS_REJECTED, [MOST_REJECTED])


def prune_events() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(OVER, [FAILURES_KEPT.days, BATCH])
        ids = [id for (id,) in cursor.fetchall()]
        for removal in REMOVALS if ids else []:
            cursor.execute(removal, [ids])
    return len(ids)
