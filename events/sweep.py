"""What nobody else notices: lapsed leases, spoilt deliveries, outages that last too long, missed nudges."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from carinho.services.base import Service
from events import nudges, outcomes, progress
from events.backoff import wait_after

logger = logging.getLogger(__name__)

BATCH = 500

LAPSED = """
SELECT id, event_id, service, attempts, leased_until FROM events_delivery
WHERE status = 'running' AND leased_until < now() ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""

RETURN = """
UPDATE events_delivery
SET status = 'queued', leased_until = NULL, due_at = now(),
    unsure_since = CASE WHEN service = ANY(%s) THEN leased_until - %s * interval '1 second' END
WHERE id = ANY(%s)
"""

KILL = """
UPDATE events_delivery
SET status = 'dead', leased_until = NULL, due_at = NULL, unsure_since = NULL, error = %s
WHERE id = ANY(%s)
"""

EXPIRE = """
UPDATE events_delivery
SET status = 'skipped', skip_cause = 'expired', due_at = NULL, finished_at = now()
WHERE id IN (SELECT id FROM events_delivery WHERE status IN ('queued', 'waiting') AND useful_until < now()
             AND unsure_since IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id, event_id
"""

HELD_TOO_LONG = """
SELECT delivery.id, delivery.event_id, delivery.service FROM events_delivery AS delivery
JOIN events_circuitbreaker AS breaker USING (service)
WHERE delivery.status = 'queued' AND coalesce(delivery.held_since, delivery.due_at) < %s
  AND least(breaker.outage_since, breaker.paused_at, breaker.offline_since) < %s
ORDER BY delivery.id LIMIT %s FOR UPDATE OF delivery SKIP LOCKED
"""

NEGLECTED = """
SELECT lane.service FROM events_lane AS lane
WHERE coalesce(lane.nudged_at, '-infinity') < now() - interval '5 seconds'
  AND coalesce(lane.listening_until, '-infinity') < now()
  AND EXISTS (SELECT FROM events_delivery AS due WHERE due.service = lane.service AND due.status = 'queued'
              AND due.due_at <= now())
"""


def sweep() -> None:
    """Do all of it once, each part in its own short transactions."""
    while return_lapsed() == BATCH:
        pass
    while expire() == BATCH:
        pass
    while give_up_held() == BATCH:
        pass
    with connection.cursor() as cursor:
        cursor.execute(NEGLECTED)
        nudges.nudge(service for (service,) in cursor.fetchall())


def return_lapsed() -> int:
    """Deliveries whose worker died: the end of the attempt is unknown.

    Repeated where a repeat is harmless, or where the next attempt first looks for this one.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LAPSED, [BATCH])
        rows = cursor.fetchall()
        outcomes.write_attempts([_unknown_attempt(row) for row in rows])
        again = [row for row in rows if _may_repeat(row)]
        cursor.execute(RETURN, [_that_look_first(), settings.LEASE_SECONDS, [row[0] for row in again]])
        over = [row for row in rows if row not in again]
        _bury(
            [row for row in over if not _can_repeat(row[2])],
            "unknown_outcome",
            "Outcome unknown after a crash",
        )
        _bury(
            [row for row in over if _can_repeat(row[2])],
            "worker_lost",
            "Worker lost on every attempt",
        )
        progress.settle(row[1] for row in rows)
    if rows:
        logger.warning("Lapsed leases were returned", extra={"deliveries": [row[0] for row in rows]})
        nudges.nudge({row[2] for row in again})
    return len(rows)


Row = tuple  # id, event_id, service, …


def _may_repeat(row: Row) -> bool:
    returns = _can_repeat(row[2]) or row[2] in _that_look_first()
    return returns and wait_after(row[3]) is not None


def _that_look_first() -> list[str]:
    return [name for name, service in Service.registry.items() if service.looks_first]


def _can_repeat(service: str) -> bool:
    known = Service.registry.get(service)
    return known is not None and known.can_repeat


def _unknown_attempt(row: Row) -> dict[str, object]:
    started_at = row[4] - timedelta(seconds=settings.LEASE_SECONDS)
    return {
        "id": row[0],
        "started_at": started_at,
        "duration_ms": settings.LEASE_SECONDS * 1000,
        "outcome": "unknown",
        "is_trial": False,
        "status_code": None,
        "error": "The worker died before the end of this attempt was written",
        "sent": "",
        "answered": "",
    }


def _bury(rows: list[Row], cause: str, sentence: str) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(KILL, [sentence, [row[0] for row in rows]])
    outcomes.bury(
        [
            {
                "id": row[0],
                "kind": "unknown",
                "cause": cause,
                "reason": f"Failed to deliver to {_title(row[2])}: {sentence}",
            }
            for row in rows
        ]
    )


def _title(service: str) -> str:
    known = Service.registry.get(service)
    return known.title if known else service


def expire() -> int:
    """Skip what is no longer useful, and say so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(EXPIRE, [BATCH])
        rows = cursor.fetchall()
        outcomes.close_expired([id for id, _ in rows])
        outcomes.release_followers([id for id, _ in rows])
        progress.settle(event_id for _, event_id in rows)
    return len(rows)


def give_up_held() -> int:
    """After the hold limit a system's held deliveries go to a person, in one group."""
    limit = timezone.now() - timedelta(seconds=settings.HOLD_LIMIT_SECONDS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(HELD_TOO_LONG, [limit, limit, BATCH])
        rows = cursor.fetchall()
        _bury(rows, "held_too_long", f"Held for over {settings.HOLD_LIMIT_SECONDS // 3600} hours")
        progress.settle(row[1] for row in rows)
    return len(rows)
