"""Taking due deliveries of one system under a lease, in one statement."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from carinho.sql import run
from events.flow import StepEvent


@dataclass(frozen=True)
class Claim:
    """One delivery that this lane runs, until `lease`. The lease is also the proof of it."""

    id: int
    service: str
    step: str
    event: StepEvent
    attempts: int
    due_at: datetime
    lease: datetime
    useful_until: datetime | None
    idempotency_key: str
    request_id: str
    trace_id: str
    is_trial: bool
    unsure_since: datetime | None = None
    context: Any = None  # what the lane's hooks prefetched


CLAIM = """
WITH picked AS (
    SELECT due.id, due.due_at, due.event_id, due.after FROM events_delivery AS due
    WHERE due.service = %(service)s AND due.status = 'queued' AND due.due_at <= now()
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
SET status = 'running', due_at = NULL, attempts = delivery.attempts + 1,
    leased_until = now() + %(lease)s * interval '1 second'
FROM picked
JOIN events_event AS event ON event.id = picked.event_id
WHERE delivery.id = picked.id
RETURNING delivery.id, delivery.service, delivery.unsure_since, delivery.step, delivery.attempts,
          picked.due_at, delivery.leased_until,
          delivery.useful_until, delivery.idempotency_key,
          (SELECT earlier.result FROM events_delivery AS earlier
           WHERE picked.after <> '' AND earlier.event_id = picked.event_id AND earlier.step = picked.after),
          CASE WHEN event.phone <> '' OR event.subject = '' THEN event.phone
               ELSE (SELECT phone FROM events_event AS known
                     WHERE known.subject = event.subject AND known.phone <> '' ORDER BY id DESC LIMIT 1) END,
          event.id, event.type, event.source, event.occurred_at, event.data, event.request_id,
          event.trace_id
"""


def claim(service: str, places: int, *, is_trial: bool = False) -> list[Claim]:
    """Up to `places` due deliveries, oldest due first; per person only the first, and none while one runs."""
    parameters = {"service": service, "places": places, "lease": settings.LEASE_SECONDS}
    try:
        rows = run(CLAIM, parameters)
    except IntegrityError:  # another claimer took the same person first: the next round sees it
        return []
    return sorted((_claim(row, is_trial) for row in rows), key=lambda item: (item.due_at, item.id))


def _claim(row: tuple[Any, ...], is_trial: bool) -> Claim:
    id, service, unsure_since, step, attempts, due_at, lease, useful_until, key, earlier, phone, *event = row
    event_id, type, source, occurred_at, data, request_id, trace_id = event
    return Claim(
        id=id,
        service=service,
        step=step,
        event=StepEvent(event_id, type, source, occurred_at, _decoded(data), _decoded(earlier), phone or ""),
        attempts=attempts,
        due_at=due_at,
        lease=lease,
        useful_until=useful_until,
        idempotency_key=str(key),
        request_id=request_id,
        trace_id=trace_id,
        is_trial=is_trial,
        unsure_since=unsure_since,
    )


def _decoded(value: Any) -> Any:
    """Django leaves jsonb as text on a raw cursor."""
    return json.loads(value) if isinstance(value, str) else value


NEXT_DUE = "SELECT min(due_at) FROM events_delivery WHERE service = %s AND status = 'queued'"


def next_due(service: str) -> datetime | None:
    """When this lane next has something to do, as far as is known now."""
    return run(NEXT_DUE, [service])[0][0]
