"""How many calls a lane may start: its own limit, and a gentle start after an outage."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

FIRST_PER_SECOND = 5.0
DOUBLES_EVERY = 5.0  # seconds
GENTLE_SECONDS = 60.0
BURST_SECONDS = 0.5


class Pace:
    """A token bucket whose rate may grow: after an outage from 5 calls a second, doubling every 5 seconds.

    `limit` says how many calls a second the system takes now, None for any number: it is asked each time.
    `share` is this lane's part of that, where several lanes share the system.
    """

    def __init__(self, limit: Callable[[], float | None], share: float = 1.0) -> None:
        self.limit = limit
        self.share = share
        self.tokens = share
        self.filled_at = time.monotonic()

    def allows(self, wanted: int, recovered_at: datetime | None) -> int:
        """How many of the wanted calls may start now."""
        rate = self._rate(recovered_at)
        now = time.monotonic()
        passed, self.filled_at = now - self.filled_at, now
        if rate is None:
            self.tokens = self.share
            return wanted
        rate *= self.share
        owned = max(self.tokens, 0.0)  # what was taken while any number was allowed is not owed
        self.tokens = min(owned + passed * rate, max(1.0, rate * BURST_SECONDS))
        return min(wanted, int(self.tokens))

    def took(self, calls: int) -> None:
        self.tokens -= calls

    def _rate(self, recovered_at: datetime | None) -> float | None:
        limit = self.limit()
        if recovered_at is None:
            return limit
        since = (datetime.now(UTC) - recovered_at).total_seconds()
        if since > GENTLE_SECONDS:
            return limit
        gentle = FIRST_PER_SECOND * 2.0 ** (max(since, 0) / DOUBLES_EVERY)
        return min(gentle, limit) if limit else gentle
