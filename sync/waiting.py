"""A run that waits for a system which takes no calls: shown on its row, and not counted in its time."""

import time

from django.conf import settings
from django.db.models.functions import Now

from sync import checkpoint
from sync.availability import Availability
from sync.checkpoint import Ended
from sync.models import RunStatus, SyncRun


class SystemWait:
    def __init__(self, run: SyncRun, availability: Availability) -> None:
        self.run, self.availability = run, availability
        self.since: float | None = None
        self.before = 0.0  # seconds of the waits that are over

    def seconds(self, now: float) -> float:
        """How long this process has waited in all."""
        return self.before + (now - self.since if self.since is not None else 0.0)

    def begin_if_unavailable(self, now: float) -> None:
        """Raises `Ended` once the hold limit is over."""
        system = self.availability.unavailable()
        if system and self.since is None:
            self.since = now
            checkpoint.update_mine(self.run, waiting_for=system, waiting_since=Now())
            self.run.log("waits", system=self.availability.label(system))
        elif self.since is not None and now - self.since > settings.HOLD_LIMIT_SECONDS:
            hours = settings.HOLD_LIMIT_SECONDS // 3600
            raise Ended(RunStatus.FAILED, f"{system or self.run.waiting_for} was away for over {hours} hours")

    def end(self) -> None:
        """A system answered."""
        if self.since is None:
            return
        seconds = time.monotonic() - self.since
        self.before += seconds
        self.since = None
        self.run.refresh_from_db(fields=["waiting_for", "waited_seconds"])
        system = self.availability.label(self.run.waiting_for)
        checkpoint.update_mine(
            self.run,
            waiting_for="",
            waiting_since=None,
            waited_seconds=self.run.waited_seconds + round(seconds),
        )
        self.run.log("goes_on", system=system, seconds=round(seconds))
