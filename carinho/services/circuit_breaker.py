"""The circuit breaker of one system: pybreaker, plus the rules it does not know.

It opens after some failures in a row or when over half of at least 20 calls in a minute failed,
and waits twice as long after every probe that failed. A probe that the system refused is followed by one
after the shortest wait, then also after twice as long each. Its state goes from process to process as a
`Snapshot`.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pybreaker

from carinho.masking import mask_text

WINDOW_SECONDS = 60
WINDOW_CALLS = 20
GOOD_PROBES = 2


@dataclass(frozen=True)
class Snapshot:
    state: str = "closed"
    failure_count: int = 0
    good_probes: int = 0
    trips: int = 0
    opened_at: datetime | None = None
    last_error: str = ""
    is_refusing: bool = False


class Storage(pybreaker.CircuitMemoryStorage):
    """pybreaker's own memory, filled from and read as a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot.state.replace("_", "-"))
        self._fail_counter = snapshot.failure_count
        self._success_counter = snapshot.good_probes
        self._opened_at = snapshot.opened_at


class Watch(pybreaker.CircuitBreakerListener):
    """Opens by share of failures, and doubles the wait after each failed probe."""

    def __init__(self, snapshot: Snapshot, *, base: float, longest: float) -> None:
        self.read(snapshot)
        self.base = base
        self.longest = longest
        self.recent: deque[tuple[float, bool]] = deque()
        self.lock = threading.Lock()  # of `recent`: the lane's threads end their calls at any moment

    def read(self, snapshot: Snapshot) -> None:
        self.trips, self.last_error = snapshot.trips, snapshot.last_error
        self.is_refusing = snapshot.is_refusing

    @property
    def wait(self) -> float:
        """Seconds from the opening to the next probe."""
        return min(self.base * 2 ** max(self.trips - 1, 0), self.longest)

    def success(self, cb: pybreaker.CircuitBreaker) -> None:
        self._record(ok=True)

    def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:
        self.last_error, self.is_refusing = mask_text(str(exc)), False
        self._record(ok=False)
        if cb.current_state == pybreaker.STATE_CLOSED and self._mostly_failing():
            cb.open()

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        self.forget()
        was_open = old_state is not None and old_state.name == pybreaker.STATE_OPEN
        if new_state.name == pybreaker.STATE_OPEN and not was_open:  # calls that fail together trip it once
            self.trips += 1
        elif new_state.name == pybreaker.STATE_CLOSED:
            self.trips, self.is_refusing = 0, False
        cb.reset_timeout = self.wait

    def forget(self) -> None:
        with self.lock:
            self.recent.clear()

    def _record(self, *, ok: bool) -> None:
        now = time.monotonic()
        with self.lock:
            self.recent.append((now, ok))
            while self.recent[0][0] < now - WINDOW_SECONDS:
                self.recent.popleft()

    def _mostly_failing(self) -> bool:
        with self.lock:
            failed = sum(not ok for _, ok in self.recent)
            return len(self.recent) >= WINDOW_CALLS and failed * 2 > len(self.recent)


class Breaker(pybreaker.CircuitBreaker):
    """One system's breaker in this process. `calling()` is safe in many threads at once."""

    def __init__(
        self,
        name: str,
        snapshot: Snapshot | None = None,
        *,
        failures: int = 5,
        reset_seconds: float = 60,
        reset_max_seconds: float = 600,
        ignore: tuple[type[BaseException], ...] = (),
    ) -> None:
        snapshot = snapshot or Snapshot()
        self.watch = Watch(snapshot, base=reset_seconds, longest=reset_max_seconds)
        super().__init__(
            fail_max=failures,
            reset_timeout=self.watch.wait,
            success_threshold=GOOD_PROBES,
            exclude=ignore,
            listeners=[self.watch],
            state_storage=Storage(snapshot),
            name=name,
            throw_new_error_on_trip=False,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from what another process or a person left."""
        with self._lock:
            self._state_storage = Storage(snapshot)
            self._state = self._create_new_state(self.current_state)
            self.watch.read(snapshot)
            self.watch.forget()
            self.reset_timeout = self.watch.wait

    def snapshot(self) -> Snapshot:
        with self._lock:
            return Snapshot(
                state=self.current_state.replace("-", "_"),
                failure_count=self.fail_counter,
                good_probes=self.success_counter,
                trips=self.watch.trips,
                opened_at=self._state_storage.opened_at,
                last_error=self.watch.last_error[:500],
                is_refusing=self.watch.is_refusing,
            )

    def refuse(self, reason: str, before: Snapshot) -> None:
        """The probe that began in the state `before` was answered and refused: the circuit stays open."""
        with self._lock:
            trips = before.trips if before.is_refusing else 0
            self.watch.read(Snapshot(trips=trips, last_error=mask_text(reason), is_refusing=True))
            self.open()

    @property
    def next_probe_at(self) -> datetime | None:
        """When an open circuit lets one call through; None unless it is open."""
        opened_at = self._state_storage.opened_at
        if self.current_state != pybreaker.STATE_OPEN or opened_at is None:
            return None
        return opened_at + timedelta(seconds=self.reset_timeout)

    def lets_through(self, wanted: int) -> int:
        """How many calls may start now: all, one as a probe, or none."""
        if self.current_state == pybreaker.STATE_CLOSED:
            return wanted
        probe_at = self.next_probe_at
        return min(wanted, 1) if probe_at is None or datetime.now(UTC) >= probe_at else 0
