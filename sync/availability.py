"""Whether the systems of a job may be called now, and how often."""

import time

from carinho.services.base import Service
from events.engine.circuit_breakers import SharedBreaker
from events.engine.pacing import Pace
from sync.job import Job

LOOK_SECONDS = 1.0


class Availability:
    """The breakers of both systems, shared with the lanes, and the pace of the one that is written to."""

    def __init__(self, job: Job) -> None:
        self.systems: dict[str, type[Service]] = {kind.name: kind for kind in (job.source, job.target)}
        self.breakers = {name: SharedBreaker.of(kind) for name, kind in self.systems.items()}
        self.source = job.source.name
        self.target = job.target.name
        self.paces = {name: Pace(kind.calls_per_second) for name, kind in self.systems.items()}
        self.look_at = 0.0

    def look(self) -> None:
        """Take over what other processes and people did since."""
        if time.monotonic() >= self.look_at:
            self.look_at = time.monotonic() + LOOK_SECONDS
            for breaker in self.breakers.values():
                breaker.load()

    def learn(self) -> None:
        """Write what the calls taught."""
        for breaker in self.breakers.values():
            breaker.save()

    def closed(self) -> str:
        """The system that lets nothing through at the moment; empty if both do."""
        return next((name for name, breaker in self.breakers.items() if not breaker.lets_through(1)), "")

    def is_trial(self) -> bool:
        """Whether a call that starts now only finds out if a system is back."""
        return any(breaker.is_trial for breaker in self.breakers.values())

    def places(self, free: int, under_way: int) -> int:
        """How many of the free places may be filled; while a system is tried, one call at a time."""
        wanted = 0 if self.is_trial() and under_way else free
        for name, breaker in self.breakers.items():
            wanted = self.paces[name].allows(breaker.lets_through(wanted), breaker.closed_at)
        return wanted

    def took(self, calls: int) -> None:
        for pace in self.paces.values():
            pace.took(calls)

    def may_read(self, under_way: int) -> bool:
        trial = self.breakers[self.source].is_trial
        return bool(self.breakers[self.source].lets_through(0 if trial and under_way else 1))
