"""Breaker state in the table that all workers and the console share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.database import run
from carinho.services.base import Service
from carinho.services.circuit_breaker import Breaker, Snapshot
from carinho.webhooks import lifecycle
from events.engine import wakeup
from events.models import BreakerState, CircuitBreaker, Lane

LONGEST_LEFT_ALONE = timedelta(minutes=10)
LEAVE_ALONE = """
INSERT INTO events_lane AS lane (service, not_before) VALUES (%s, now() + %s * interval '1 second')
ON CONFLICT (service) DO UPDATE SET not_before = greatest(lane.not_before, excluded.not_before)
RETURNING not_before
"""

RESET = Audited("breaker.reset", _("liberou o sistema"))
PAUSED = Audited("breaker.pause", _("pausou o sistema"), is_about_system=True)
RESUMED = Audited("breaker.resume", _("retomou o sistema"))


@dataclass
class SharedBreaker:
    """The circuit of one process, kept in step with the row that all share."""

    service: str
    breaker: Breaker
    version: int = -1
    saved: Snapshot = field(default_factory=Snapshot)
    is_paused: bool = False  # by a person
    is_offline: bool = False  # by its own word: its lane hooks say what follows
    closed_at: datetime | None = None

    @classmethod
    def of(cls, service: type[Service]) -> "SharedBreaker":
        shared = cls(service.name, service.shared_transport().breaker)
        shared.load()
        return shared

    def load(self, row: CircuitBreaker | None = None) -> None:
        """Read the row; if a person or another process moved the circuit since, go on from there.

        Counts that differ are no such move: each process counts the failures of its own calls.
        """
        row = row or CircuitBreaker.objects.get_or_create(service=self.service)[0]
        self.is_paused = row.paused_at is not None
        self.is_offline = row.offline_since is not None
        self.closed_at = row.closed_at
        known = Snapshot(
            row.state,
            row.failure_count,
            row.good_probes,
            row.trips,
            row.opened_at,
            row.last_error,
            row.refused_since is not None,
        )
        if (row.version, known.state, known.opened_at) != (
            self.version,
            self.saved.state,
            self.saved.opened_at,
        ):
            self.version, self.saved = row.version, known
            self.breaker.restore(self.saved)

    def save(self) -> None:
        """Write what changed, unless a person or another process moved the circuit meanwhile."""
        now_known = self.breaker.snapshot()
        if now_known == self.saved:
            return
        rows = CircuitBreaker.objects.filter(
            service=self.service,
            version=self.version,
            state=self.saved.state,
            opened_at=self.saved.opened_at,
        )
        with transaction.atomic():
            moved = rows.update(
                **_columns(now_known, self.breaker.next_probe_at), **_times(self.saved, now_known)
            )
            if moved:
                lifecycle.write(list(_facts(self.service, self.saved.state, now_known.state)))
            else:
                self.version = -1
        self.saved = now_known
        self.load()

    def refuse(self, reason: str) -> None:
        """A probe was answered and refused: the system is not back, unless it took the one before."""
        has_taken_one = self.saved.state == BreakerState.HALF_OPEN and self.saved.good_probes
        if self.saved.state != BreakerState.CLOSED and not has_taken_one:
            self.breaker.refuse(reason, self.saved)

    def forget_probe(self) -> None:
        """A read was answered and refused, which says nothing of deliveries: one of them finds out."""
        if self.saved.state != BreakerState.CLOSED:
            self.breaker.restore(self.saved)

    def lets_through(self, wanted: int) -> int:
        return 0 if self.is_paused else self.breaker.lets_through(wanted)

    @property
    def holds_all(self) -> bool:
        return self.is_paused or self.is_offline

    @property
    def is_probe(self) -> bool:
        """Whether a call that starts now only finds out if the system is back.

        That it is back counts once it is written: the pace of the calls after it goes by that moment.
        """
        return self.breaker.current_state != "closed" or self.saved.state != "closed"


def _columns(snapshot: Snapshot, next_probe_at: datetime | None) -> dict[str, Any]:
    return {
        "state": snapshot.state,
        "failure_count": snapshot.failure_count,
        "good_probes": snapshot.good_probes,
        "trips": snapshot.trips,
        "opened_at": snapshot.opened_at,
        "last_error": snapshot.last_error,
        "next_probe_at": next_probe_at,
    }


def _times(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    times: dict[str, Any] = {}
    if before.is_refusing != after.is_refusing:
        times["refused_since"] = Now() if after.is_refusing else None
    if before.state == after.state:
        return times
    times["half_open_since"] = Now() if after.state == BreakerState.HALF_OPEN else None
    if after.state == BreakerState.CLOSED:
        return times | {"outage_since": None, "closed_at": Now()}
    return times | ({"outage_since": Now()} if before.state == BreakerState.CLOSED else {})


def _facts(service: str, before: str, now: str) -> Iterator[lifecycle.Fact]:
    """What others are told: that an outage began or ended. A probe that failed is the same outage."""
    if before == BreakerState.CLOSED != now:
        yield "breaker.opened", {"service": service}
    elif before != BreakerState.CLOSED == now:
        yield "breaker.closed", {"service": service}


def reset(service: str, *, actor: str) -> CircuitBreaker | None:
    """Close the circuit, and drop the time until which the system asked to be left alone.

    For a person who verified that the system is back. None for an unknown system.
    """
    with transaction.atomic():
        Lane.objects.filter(name=service).update(not_before=None)
        for row in CircuitBreaker.objects.select_for_update().filter(service=service):
            lifecycle.write(list(_facts(service, row.state, BreakerState.CLOSED)))
        return _move(
            service,
            actor,
            RESET,
            **_columns(Snapshot(), None),
            outage_since=None,
            half_open_since=None,
            refused_since=None,
            closed_at=Now(),
        )


def pause(service: str, *, actor: str, reason: str = "") -> CircuitBreaker | None:
    """Hold a system's deliveries until somebody resumes it. None for an unknown system.

    Holds from its return on: a claim asks the row, and the lane hands back what it has not begun.
    """
    return _move(service, actor, PAUSED, paused_at=Now(), paused_by=actor, pause_reason=reason)


def resume(service: str, *, actor: str) -> CircuitBreaker | None:
    """Release a paused system's deliveries, at a pace. None for an unknown system."""
    return _move(service, actor, RESUMED, paused_at=None, paused_by="", pause_reason="", closed_at=Now())


def leave_alone(service: str, asked: timedelta) -> datetime:
    """The system said when to come back: no lane and no run of a sync calls it before that time."""
    seconds = min(asked, LONGEST_LEFT_ALONE).total_seconds()
    return run(LEAVE_ALONE, [service, seconds])[0][0]


def set_offline(service: str, since: datetime | None) -> None:
    """Record since when a system reports itself offline; None when it is back."""
    rows = CircuitBreaker.objects.filter(service=service, offline_since__isnull=since is not None)
    if rows.update(offline_since=since):
        wakeup.notify_changed(service)


def _move(service: str, actor: str, action: Audited, **columns: Any) -> CircuitBreaker | None:
    with transaction.atomic():
        moved = CircuitBreaker.objects.filter(service=service).update(version=F("version") + 1, **columns)
        if not moved:
            return None
        action.record(actor, service, {"reason": columns.get("pause_reason", "")})
        wakeup.notify_changed(service)
        transaction.on_commit(lambda: wakeup.wake_up([service]))
    return CircuitBreaker.objects.get(service=service)
