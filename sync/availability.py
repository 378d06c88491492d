"""Whether the systems of a job may be called now, how often, and how a run waits until they may."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Now

from carinho.services.base import Service
from carinho.services.errors import CircuitOpen, Rejected, Unavailable
from events.engine import circuit_breakers
from events.engine.circuit_breakers import SharedBreaker
from events.engine.pacing import Pace
from events.models import CircuitBreaker, Lane
from sync import runs
from sync.job import Job
from sync.models import RunStatus, SyncRun
from sync.runs import StopRun

Answer = TypeVar("Answer")


class Availability:
    """The breakers of both systems and what these asked for, shared with the lanes, and the pace of each."""

    def __init__(self, job: Job) -> None:
        self.systems: dict[str, type[Service]] = {kind.name: kind for kind in (job.source, job.target)}
        self.breakers = {name: SharedBreaker.of(kind) for name, kind in self.systems.items()}
        self.source = job.source.name
        self.paces = {name: Pace(kind.limit_per_second) for name, kind in self.systems.items()}
        self.not_before: dict[str, datetime | None] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take over what other processes and people did since, in one statement."""
        asked = Lane.objects.filter(name=OuterRef("service")).values("not_before")
        rows = CircuitBreaker.objects.filter(service__in=self.systems).annotate(not_before=Subquery(asked))
        for row in rows:
            self.breakers[row.service].load(row)
            self.not_before[row.service] = row.not_before

    def save(self) -> None:
        for breaker in self.breakers.values():
            breaker.save()

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """What a read returns; one that was refused was no probe."""
        is_probe = self.is_probe()
        try:
            return call()
        except Rejected as error:
            if is_probe:
                self.refuse_read(error)
            raise

    def refuse(self, error: Rejected) -> None:
        """A record that was sent as a probe was refused by the system that the error names."""
        for breaker in self._breakers_of(error):
            breaker.refuse(runs.reason_of(error))

    def refuse_read(self, error: Rejected) -> None:
        """A read that was a probe was refused. It ends the run, and keeps no delivery waiting."""
        for breaker in self._breakers_of(error):
            breaker.forget_probe()

    def _breakers_of(self, error: Rejected) -> list[SharedBreaker]:
        """That of the system that answered; of none if we refused it ourselves."""
        return [
            self.breakers[name]
            for name, kind in self.systems.items()
            if kind.title == error.system and error.status
        ]

    def leave_alone(self, title: str, asked: timedelta) -> None:
        """A system, by its title, said when to come back: lanes and other runs obey that too."""
        for name, kind in self.systems.items():
            if kind.title == title:
                self.not_before[name] = circuit_breakers.leave_alone(name, asked)

    def require(self, system: type[Service]) -> None:
        """Raise `CircuitOpen` if the system may not be called by decision or request. Safe in any thread."""
        if self._is_held(system.name):
            raise CircuitOpen("The system is not to be called now", system=system.title)

    def unavailable(self) -> str:
        """The system that lets nothing through at the moment; empty if both do."""
        return next((name for name in self.systems if not self._lets_through(name, 1)), "")

    def is_back(self, name: str) -> bool:
        """Whether this system takes all calls."""
        breaker = self.breakers.get(name)
        return breaker is None or not (breaker.is_probe or self._is_held(name))

    def is_probe(self) -> bool:
        """Whether a call that starts now only finds out if a system is back."""
        return any(breaker.is_probe for breaker in self.breakers.values())

    def allows(self, free: int, under_way: int) -> int:
        """How many of the free places may be filled; while a system is tried, one call at a time."""
        wanted = 0 if self.is_probe() and under_way else free
        for name, breaker in self.breakers.items():
            wanted = self.paces[name].allows(self._lets_through(name, wanted), breaker.closed_at)
        return wanted

    def started(self, calls: int) -> None:
        for pace in self.paces.values():
            pace.took(calls)

    def allows_read(self, under_way: int) -> bool:
        breaker, pace = self.breakers[self.source], self.paces[self.source]
        wanted = self._lets_through(self.source, 0 if breaker.is_probe and under_way else 1)
        return bool(pace.allows(wanted, breaker.closed_at))

    def started_read(self) -> None:
        self.paces[self.source].took(1)

    def label(self, name: str) -> str:
        known = self.systems.get(name)
        return str(known.label) if known else name

    def _is_held(self, name: str) -> bool:
        not_before = self.not_before.get(name)
        return self.breakers[name].holds_all or (not_before is not None and datetime.now(UTC) < not_before)

    def _lets_through(self, name: str, wanted: int) -> int:
        return 0 if self._is_held(name) else self.breakers[name].lets_through(wanted)


class SystemWait:
    """A run's wait for a system that takes no calls: shown on its row, and not counted in its time.

    A wait that an earlier runner began goes on from when it began.
    """

    def __init__(self, run: SyncRun, availability: Availability) -> None:
        self.run, self.availability = run, availability
        self.taken_at = time.monotonic()
        self.since: float | None = None
        self.system = run.waiting_for
        if run.waiting_since and run.heartbeat_at:  # both of the database's clock, the second of the takeover
            self.since = self.taken_at - (run.heartbeat_at - run.waiting_since).total_seconds()
        self.before = 0.0  # seconds of the waits that are over

    def worked_for(self, now: float) -> float:
        """How many seconds this process has had the run, less those in which it waited."""
        return now - self.taken_at - self._waited_for(now)

    def _waited_for(self, now: float) -> float:
        return self.before + (now - max(self.since, self.taken_at) if self.since is not None else 0.0)

    def begin_if_unavailable(self, now: float) -> None:
        """Raises `StopRun` once the hold limit is over."""
        system = self.availability.unavailable()
        if system and self.since is None:
            self.since, self.system = now, system
            runs.update_mine(self.run, waiting_for=system, waiting_since=Now())
            self.run.log("waits", system=self.availability.label(system))
        elif system and self.since is not None and now - self.since > settings.HOLD_LIMIT_SECONDS:
            held = Unavailable(
                f"Held for over {settings.HOLD_LIMIT_SECONDS // 3600} hours",
                doing="synchronise",
                system=self.availability.systems[system].title,
            )
            raise StopRun(RunStatus.FAILED, str(held))

    def end_if_back(self) -> None:
        """The other system of the job may be read or written meanwhile: that ends no wait."""
        if self.availability.is_back(self.system):
            self.end_if_for(self.system)

    def end_if_for(self, system: str) -> None:
        """This one has answered."""
        if self.since is None or system != self.system:
            return
        now = time.monotonic()
        seconds = now - self.since
        self.before = self._waited_for(now)
        self.since = None
        self.run.refresh_from_db(fields=["waited_seconds"])
        runs.update_mine(
            self.run,
            waiting_for="",
            waiting_since=None,
            waited_seconds=self.run.waited_seconds + round(seconds),
        )
        self.run.log("goes_on", system=self.availability.label(self.system), seconds=round(seconds))
