"""Recovery of what no lane notices: lapsed leases, frozen workers, expired deliveries, outages, wake-ups."""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from carinho import locks
from carinho.database import run
from carinho.services.base import Service
from events.engine import failure_causes, lane, transitions, wakeup
from events.engine.attempt import may_repeat
from events.engine.transitions import Failure
from events.models import Attempt, Lane, Outcome

logger = logging.getLogger(__name__)

BATCH = 500

LAPSED = """
SELECT id, service, attempts, least(claimed_at, leased_until), leased_until FROM events_delivery
WHERE status = 'running' AND leased_until < now() ORDER BY id LIMIT %s
"""

EXPIRED = """
SELECT id FROM events_delivery WHERE status IN ('queued', 'waiting') AND useful_until < now()
AND in_doubt_since IS NULL ORDER BY id LIMIT %s
"""

HELD_TOO_LONG = """
SELECT delivery.id, delivery.service FROM events_delivery AS delivery
JOIN events_circuitbreaker AS breaker USING (service)
WHERE delivery.status = 'queued' AND coalesce(delivery.held_since, delivery.due_at) < %s
  AND least(breaker.outage_since, breaker.paused_at, breaker.offline_since) < %s
ORDER BY delivery.id LIMIT %s
"""

NEGLECTED = """
SELECT lane.service FROM events_lane AS lane
WHERE coalesce(lane.woken_at, '-infinity') < now() - interval '5 seconds'
  AND coalesce(lane.not_before, '-infinity') <= now() AND coalesce(lane.listening_until, '-infinity') < now()
  AND EXISTS (SELECT FROM events_delivery AS due WHERE due.service = lane.service AND due.status = 'queued'
              AND due.due_at <= now())
"""

# A session that is younger has only just got the lock, and its lane has not said anything yet.
SILENT = """
SELECT lane.service, session.pid FROM events_lane AS lane
JOIN jsonb_each_text(%s) AS holder ON holder.key = lane.service
JOIN pg_stat_activity AS session ON session.pid = holder.value::int
WHERE coalesce(lane.listening_until, '-infinity') < now() - %s * interval '1 second'
  AND session.backend_start < now() - %s * interval '1 second'
"""


def recover_all() -> None:
    """All of it once, in short transactions; safe to call anywhere and at any time."""
    if settings.LANE_PARTITIONS > 1:  # it may have changed since the last migration made the rows
        wakeup.ensure_lanes()
    end_silent_lanes()
    while return_lapsed() == BATCH:
        pass
    while expire() == BATCH:
        pass
    while give_up_held() == BATCH:
        pass
    wakeup.wake_up(service for (service,) in run(NEGLECTED, []))


def end_silent_lanes() -> None:
    """Free the lanes whose worker has not given a sign for a lease, though its connection lives.

    A process that is frozen keeps its lock for as long as that lasts: nobody else would send.
    """
    lanes = Lane.objects.values_list("name", flat=True)  # those of any number of partitions
    holders = locks.holders(lane.LOCK_NAMESPACE, lanes)
    silent = settings.LEASE_SECONDS - lane.LISTENING_SECONDS
    for name, pid in run(SILENT, [json.dumps(holders), silent, settings.LEASE_SECONDS]):
        locks.end_holder(pid)
        logger.warning("Silent lane was ended", extra={"lane": name})


def return_lapsed() -> int:
    """Queue or fail deliveries whose lease lapsed: the end of their attempt is unknown.

    Up to `BATCH` at a time; returns how many were moved.
    """
    rows = [Lapsed(*row) for row in run(LAPSED, [BATCH])]
    look_first = [name for name, service in Service.registry.items() if service.looks_first]
    again = [row for row in rows if may_repeat(row.service, row.attempts)]
    over = [row for row in rows if row not in again]
    moved = _ended(again, lambda: transitions.recover([row.id for row in again], look_first=look_first))
    for can_repeat, cause, sentence in DEATHS:
        dying = [row for row in over if _can_repeat(row.service) is can_repeat]
        failures = [_failure(row.id, row.service, cause, sentence) for row in dying]
        moved |= _ended(dying, partial(transitions.fail_lapsed, failures, error=sentence))
    if moved:
        logger.warning("Lapsed leases were returned", extra={"deliveries": sorted(moved)})
    return len(moved)


class Lapsed(NamedTuple):
    id: int
    service: str
    attempts: int
    claimed_at: datetime
    leased_until: datetime


DEATHS = [  # by whether the system recognises a repeat
    (False, "unknown_outcome", "Outcome unknown after a crash"),
    (True, "worker_lost", "Worker lost on every attempt"),
]


def _ended(rows: Sequence[Lapsed], move: Callable[[], set[int]]) -> set[int]:
    with transaction.atomic():
        moved = move()
        Attempt.objects.bulk_create([_unknown_attempt(row) for row in rows if row.id in moved])
    return moved


def _can_repeat(service: str) -> bool:
    known = Service.registry.get(service)
    return known is not None and known.can_repeat


def _unknown_attempt(row: Lapsed) -> Attempt:
    return Attempt(
        delivery_id=row.id,
        started_at=row.claimed_at,
        duration_ms=int((row.leased_until - row.claimed_at).total_seconds() * 1000),
        outcome=Outcome.UNKNOWN,
        error="The worker died before the end of this attempt was written",
    )


def _failure(id: int, service: str, cause: str, sentence: str) -> Failure:
    known = Service.registry.get(service)
    title = known.title if known else service
    return Failure(id, "unknown", cause, f"Failed to deliver to {title}: {sentence}")


def expire() -> int:
    return len(transitions.expire([id for (id,) in run(EXPIRED, [BATCH])]))


def give_up_held() -> int:
    """Hand what was held for longer than the hold limit to a person; it is one group in the console."""
    limit = timezone.now() - timedelta(seconds=settings.HOLD_LIMIT_SECONDS)
    sentence = f"Held for over {settings.HOLD_LIMIT_SECONDS // 3600} hours"
    rows = run(HELD_TOO_LONG, [limit, limit, BATCH])
    failures = [_failure(id, service, failure_causes.HELD_TOO_LONG, sentence) for id, service in rows]
    return len(transitions.fail_held(failures, error=sentence))
