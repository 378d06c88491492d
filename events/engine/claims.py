"""What a lane claims: a delivery of its system with all that its step needs."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from carinho.database import run
from events.engine import redirection, transitions
from events.engine.partitions import MINE, Partition
from events.engine.redirection import RedirectRule
from events.flow import StepEvent


@dataclass
class Claim:
    """One delivery that this lane runs, until `lease`. The lease is also the proof of it.

    The lane's own thread lengthens the lease while the step runs in another. `lease_ends` is that by this
    process's own clock, whatever the time of day is here: the lease is the database's.
    """

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
    is_probe: bool
    has_dead_letter: bool  # while the lease is held, only the lane's own end makes one
    lease_ends: float  # time.monotonic()
    in_doubt_since: datetime | None = None
    rules: Sequence[RedirectRule] = ()  # the redirects of its system
    redirects: tuple[int, ...] = ()  # those by which the event's data here differs from what is stored
    context: Any = None  # what the lane's hooks prefetched

    @property
    def seconds_left(self) -> float:
        return self.lease_ends - time.monotonic()


def claim(lane: str, places: int, *, is_probe: bool = False) -> list[Claim]:
    """Up to `places` due deliveries, oldest due first; per person only the first, and none while one runs."""
    lease_ends = time.monotonic() + settings.LEASE_SECONDS  # from before: a slow answer makes it no longer
    try:
        rows = transitions.claim(lane, places)
    except IntegrityError:  # another claimer took the same person first: the next round sees it
        return []
    return sorted((_read(row, is_probe, lease_ends) for row in rows), key=lambda item: (item.due_at, item.id))


def if_requeued(dead_letter_ids: Sequence[int]) -> list[Claim]:
    """What a lane would claim of these dead letters if they were sent again now; nothing is claimed."""
    return _pretended(transitions.if_requeued(dead_letter_ids))


def if_due(ids: Sequence[int]) -> list[Claim]:
    """What a lane would claim of these queued deliveries when each is due; nothing is claimed."""
    return _pretended(transitions.if_due(ids))


def _pretended(rows: Sequence[tuple[Any, ...]]) -> list[Claim]:
    lease_ends = time.monotonic() + settings.LEASE_SECONDS
    return [_read(row, is_probe=False, lease_ends=lease_ends) for row in rows]


def _read(row: tuple[Any, ...], is_probe: bool, lease_ends: float) -> Claim:
    id, service, in_doubt_since, step, attempts, due_at, lease, useful_until, key, *rest = row
    has_dead_letter, earlier, phone, rules, *stored = rest
    event_id, type, source, occurred_at, data, request_id, trace_id = stored
    event = StepEvent(event_id, type, source, occurred_at, _decoded(data), _decoded(earlier), phone or "")
    claim = Claim(
        id=id,
        service=service,
        step=step,
        event=event,
        attempts=attempts,
        due_at=due_at,
        lease=lease,
        useful_until=useful_until,
        idempotency_key=str(key),
        request_id=request_id,
        trace_id=trace_id,
        is_probe=is_probe,
        has_dead_letter=has_dead_letter,
        lease_ends=lease_ends,
        in_doubt_since=in_doubt_since,
        rules=_decoded(rules) or (),
    )
    redirect(claim)
    return claim


def redirect(claim: Claim) -> None:
    """Let it go to the successors of what is retired; what may have been sent is looked for where it went."""
    if claim.rules and not claim.in_doubt_since:
        claim.redirects = redirection.apply(claim.event, claim.rules)


def _decoded(value: Any) -> Any:
    """Django leaves jsonb as text on a raw cursor."""
    return json.loads(value) if isinstance(value, str) else value


NEXT_DUE = "SELECT min(due_at) FROM events_delivery AS due WHERE service = %(service)s AND status = 'queued'"


def next_due(lane: str) -> datetime | None:
    partition = Partition.named(lane)
    statement = NEXT_DUE if partition.of == 1 else NEXT_DUE + MINE
    return run(statement, vars(partition))[0][0]
