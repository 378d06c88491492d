"""A lane drains one system's deliveries: the only way anything is sent.

One drain at a time per lane, anywhere: a session lock in PostgreSQL that dies with its holder.
The database is only touched by the lane's own thread, the network only by the pool's.
"""

import logging
import multiprocessing
import os
import select
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from django.db import connection

from carinho.locks import session_lock
from carinho.services.base import Service
from events import breakers, claims, delivery, lane_hooks, outcomes
from events.delivery import Result
from events.nudges import CHANNEL
from events.pace import Pace
from events.rhythm import Rhythm

logger = logging.getLogger(__name__)

stopping = multiprocessing.Event()  # made before the worker forks: set once for all its lanes

LOCK_NAMESPACE = 0x6361_7269
AHEAD = 4  # claimed per thread: one runs, one is ready when it ends, and two wait to be written
FLUSH_SECONDS = 0.05  # or as soon as half of what may be claimed is done: no thread runs out of work
LOOK_SECONDS = 1.0  # a missed NOTIFY, a pause or a stop is noticed this soon
HEARD_SECONDS = 15
HEARTBEAT_SECONDS = 5


def drain(name: str, *, seconds: float = 300, linger: float = 60) -> int:
    """Send what is due in this lane until `seconds` are over or nothing came for `linger` seconds.

    Returns how many deliveries were brought to an end or a new due time; 0 at once when the lane is
    being drained already.
    """
    with _only_drain(name) as ears:
        return Drain(Service.registry[name], ears, seconds, linger).run() if ears else 0


@contextmanager
def _only_drain(name: str) -> Iterator[psycopg.Connection | None]:
    with session_lock(LOCK_NAMESPACE, name) as ears:
        if ears is None:
            yield None
            return
        ears.execute(f"LISTEN {CHANNEL}{name}")
        try:
            yield ears
        finally:
            _set_listening(name, -1)


def _set_listening(name: str, seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_lane (service, listening_until) VALUES (%s, now() + %s * interval '1 second')"
            " ON CONFLICT (service) DO UPDATE SET listening_until = excluded.listening_until",
            [name, seconds],
        )


class Drain:
    """One run of a lane. What it holds: claims under way, results not written yet."""

    def __init__(
        self, service: type[Service], ears: psycopg.Connection, seconds: float, linger: float
    ) -> None:
        self.service = service
        self.name = service.name
        self.ears = ears
        self.ends = time.monotonic() + seconds
        self.linger = linger
        self.last_work = time.monotonic()
        self.breaker = breakers.SharedBreaker.of(service)
        self.hooks = lane_hooks.of(service.name)
        self.pace = Pace(service.calls_per_second)
        self.is_closing = False
        self.limit = service.threads * (AHEAD if service.can_repeat or service.looks_first else 1)
        self.under_way = 0
        self.finished: deque[Result] = deque()
        self.oldest_finished = 0.0
        self.heartbeat_at = self.look_at = 0.0
        self.not_before = datetime.now(UTC)
        self.written = 0
        self.rhythm = Rhythm()
        self.bell_in, self.bell_out = os.pipe()

    def run(self) -> int:
        pool = ThreadPoolExecutor(self.service.threads, thread_name_prefix=self.name)
        try:
            while not self._over():
                self._turn(pool)
        finally:
            self.is_closing = True  # what was claimed and not started is handed back
            pool.shutdown(wait=True)
            self._flush()
            os.close(self.bell_in)
            os.close(self.bell_out)
        return self.written

    def _over(self) -> bool:
        now = time.monotonic()
        return (
            stopping.is_set()
            or now > self.ends
            or (not self.under_way and now > self.last_work + self.linger)
        )

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        self._look_around()
        claimed = self._claim()
        for claim in claimed:
            pool.submit(self._attempt, claim)
        if not claimed:
            self._wait()
        if self.finished and (len(self.finished) >= self.limit // 2 or self._flush_is_due()):
            self._flush()

    def _look_around(self) -> None:
        now = time.monotonic()
        if now > self.heartbeat_at:
            self.heartbeat_at = now + HEARTBEAT_SECONDS
            _set_listening(self.name, HEARD_SECONDS)
        if now > self.look_at:
            self.look_at = now + LOOK_SECONDS
            self.breaker.load()

    def _claim(self) -> list[claims.Claim]:
        free = self._room()
        is_left_alone = datetime.now(UTC) < self.not_before
        if free < self.service.threads // 2 or is_left_alone or not self.rhythm.is_time():
            return []
        trial = self.breaker.is_trial
        wanted = self.breaker.lets_through(0 if trial and self.under_way else free)
        wanted = self.pace.allows(wanted, self.breaker.closed_at)
        wanted = self.hooks.allows(wanted, self.under_way) if wanted else 0
        claimed = claims.claim(self.name, wanted, is_trial=trial) if wanted else []
        if wanted:
            self.rhythm.looked(found_all=len(claimed) == wanted)
        self.pace.took(len(claimed))
        self.under_way += len(claimed)
        return lane_hooks.prefetched(self.hooks, claimed)

    def _room(self) -> int:
        """How many more may be claimed."""
        return self.limit - self.under_way

    def _attempt(self, claim: claims.Claim) -> None:
        self.finished.append(delivery.held(claim) if self.is_closing else delivery.attempt(claim))
        os.write(self.bell_out, b".")

    def _wait(self) -> None:
        """Until a call ends, a NOTIFY comes, something falls due, or it is time to look around."""
        patience = self.rhythm.shorten(self._patience(), has_room=self._room() > 0)
        ready, _, _ = select.select([self.bell_in, self.ears.fileno()], [], [], patience)
        if not ready:
            self.rhythm.ended()
        if self.bell_in in ready:
            os.read(self.bell_in, 4096)
        if self.ears.fileno() in ready:
            for _ in self.ears.notifies(timeout=0):
                self.rhythm.heard()

    def _patience(self) -> float:
        if self.finished:
            return max(0.0, self._flush_at() - time.monotonic())
        if self.under_way:
            return LOOK_SECONDS / 4
        due_at = claims.next_due(self.name)
        wait = (due_at - datetime.now(UTC)).total_seconds() if due_at else LOOK_SECONDS
        return min(wait, LOOK_SECONDS) if wait > 0 else LOOK_SECONDS / 4  # due, but kept back

    def _flush_at(self) -> float:
        return self.oldest_finished + FLUSH_SECONDS

    def _flush_is_due(self) -> bool:
        if not self.oldest_finished:
            self.oldest_finished = time.monotonic()
        return self.under_way == len(self.finished) or time.monotonic() >= self._flush_at()

    def _flush(self) -> None:
        results = list(self.finished)
        self.oldest_finished = 0.0
        if not results:
            return
        outcomes.write_all(results)
        for _ in results:  # only now: what could not be written is tried again at the end of the drain
            self.finished.popleft()
        self.breaker.save()
        self._obey(results)
        self.under_way -= len(results)
        self.written += len(results)
        self.last_work = time.monotonic()
        self.rhythm.ended()

    def _obey(self, results: Sequence[Result]) -> None:
        """A system that says when to come back is left alone until then."""
        asked = max((result.retry_after for result in results if result.retry_after), default=timedelta())
        self.not_before = max(self.not_before, datetime.now(UTC) + min(asked, timedelta(minutes=10)))
