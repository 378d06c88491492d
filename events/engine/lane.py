"""A lane drains one system's deliveries, or its part of them: the only way anything is sent.

One drain at a time per lane, anywhere: a session lock in PostgreSQL that dies with its holder.
The database is only touched by the lane's own thread, the network only by the pool's.
"""

import logging
import math
import os
import select
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import tenacity
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg import sql

from carinho.celery import stopping
from carinho.database import run
from carinho.locks import session_lock, try_lock, try_lock_share, unlock
from carinho.services.base import Service
from events.engine import attempt, circuit_breakers, lane_hooks, transitions, wakeup
from events.engine.attempt import Claim, Result
from events.engine.pacing import Pace
from events.engine.partitions import MINE, Partition
from events.engine.polling import Polling
from events.engine.wakeup import CHANGED, CHANNEL
from events.intake import envelope, ingestion
from events.models import Outcome

logger = logging.getLogger(__name__)

LOCK_NAMESPACE = 0x6361_7269
PROBE_NAMESPACE = 0x7072_6F62
AHEAD = 4  # claimed per thread: one runs, one is ready when it ends, and two wait to be written
FLUSH_SECONDS = 0.2  # or as soon as half of what may be claimed is done, or nothing else is under way
POLL_SECONDS = 1.0  # a missed NOTIFY, a pause or a stop is noticed this soon
LISTENING_SECONDS = 15
HEARTBEAT_SECONDS = 5
AWAY = (OperationalError, InterfaceError)  # the database; of all else the results themselves are to blame


def drain(name: str, *, seconds: float = 300, linger: float = 60) -> int:
    """Send what is due in this lane until `seconds` are over or nothing came for `linger` seconds.

    Returns how many deliveries were brought to an end or a new due time; 0 at once when the lane is
    being drained already.
    """
    with _only_drain(name) as listener:
        return Drain(Partition.named(name), listener, seconds, linger).run() if listener else 0


@contextmanager
def _only_drain(name: str) -> Iterator[psycopg.Connection | None]:
    """The session of the lane's lock, or None while another lane may take any of the same people."""
    partition = Partition.named(name)
    with session_lock(LOCK_NAMESPACE, name) as listener:
        if listener is None or (
            partition.of > 1
            and not try_lock_share(listener, LOCK_NAMESPACE, partition.service, partition.buckets)
        ):
            yield None
            return
        listener.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL + name)))
        try:
            yield listener
        finally:
            _set_listening(partition, -1)


LISTENING = """
INSERT INTO events_lane (service, listening_until) VALUES (%s, now() + %s * interval '1 second')
ON CONFLICT (service) DO UPDATE SET listening_until = excluded.listening_until
RETURNING (SELECT not_before FROM events_lane WHERE service = %s)
"""


def _set_listening(partition: Partition, seconds: int) -> datetime | None:
    """Until when the lane listens; returns until when its system asked to be left alone, if it ever did."""
    return run(LISTENING, [partition.lane, seconds, partition.service])[0][0]


NEXT_DUE = "SELECT min(due_at) FROM events_delivery AS due WHERE service = %(service)s AND status = 'queued'"


def next_due(lane: str) -> datetime | None:
    partition = Partition.named(lane)
    statement = NEXT_DUE if partition.of == 1 else NEXT_DUE + MINE
    return run(statement, vars(partition))[0][0]


class Drain:
    """One run of a lane. What it holds: claims under way, results not written yet."""

    def __init__(
        self, partition: Partition, listener: psycopg.Connection, seconds: float, linger: float
    ) -> None:
        self.partition = partition
        self.name = partition.lane
        self.service = service = Service.registry[partition.service]
        self.threads = service.threads // partition.of
        self.listener = listener
        self.ends = time.monotonic() + seconds
        self.linger = linger
        self.idle_since = math.inf  # until it has polled after its last work, however long that took
        self.breaker = circuit_breakers.SharedBreaker.of(service)
        self.hooks = lane_hooks.of(service.name)
        self.has_the_probe = False  # where several lanes share the system
        self.pace = Pace(service.limit_per_second, 1 / partition.of)
        self.is_closing = False
        self.limit = self.threads * (AHEAD if service.can_repeat or service.looks_first else 1)
        self.claims: dict[int, Claim] = {}  # under way, or ended and not written yet
        self.finished: deque[Result] = deque()
        self.finished_seen_at = 0.0  # when the first of them was noticed
        self.heartbeat_at = self.refresh_at = 0.0
        self.not_before: datetime | None = None
        self.written = 0
        self.polling = Polling()
        self.wake_pipe_in, self.wake_pipe_out = os.pipe()

    def run(self) -> int:
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix=self.name)
        try:
            while not self._over():
                self._turn(pool)
        finally:
            self.is_closing = True  # what was claimed and not started is handed back
            while len(self.finished) < self.under_way:
                self._renew_if_possible()
                if select.select([self.wake_pipe_in], [], [], POLL_SECONDS)[0]:
                    os.read(self.wake_pipe_in, 4096)
            pool.shutdown(wait=True)
            os.close(self.wake_pipe_in)
            os.close(self.wake_pipe_out)
            self._flush()
            # the next to drain this lane may be another process: what is idle here would stay open for nobody
            self.service.shared_transport().session.close()
        return self.written

    @property
    def under_way(self) -> int:
        return len(self.claims)

    def _over(self) -> bool:
        now = time.monotonic()
        return (
            stopping.is_set()
            or now > self.ends
            or (not self.under_way and now > self.idle_since + self.linger)
        )

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        self._refresh()
        claimed = self._claim_due()
        for claim in claimed:
            pool.submit(self._attempt, claim)
        if not claimed:
            if not self.polling.is_put_off():
                self.idle_since = min(self.idle_since, time.monotonic())
            self._wait()
        if self.finished:
            self.finished_seen_at = self.finished_seen_at or time.monotonic()
            if len(self.finished) >= self.limit // 2 or self._flush_is_due():
                self._flush()

    def _refresh(self) -> None:
        now = time.monotonic()
        if now > self.heartbeat_at:
            self.heartbeat_at = now + HEARTBEAT_SECONDS
            self.not_before = _set_listening(self.partition, LISTENING_SECONDS)
        if now > self.refresh_at:
            self.refresh_at = now + POLL_SECONDS
            self.breaker.load()
            self._renew()

    def _renew(self) -> None:
        """A step of several calls may take longer than its lease, and what waits for a thread too."""
        old = [claim for claim in self.claims.values() if claim.seconds_left < settings.LEASE_SECONDS / 2]
        lease_ends = time.monotonic() + settings.LEASE_SECONDS
        renewed = transitions.renew(old) if old else {}
        for claim in old:  # one that is not renewed was lost; its outcome will not be written
            if claim.id in renewed:
                claim.lease, claim.lease_ends = renewed[claim.id], lease_ends

    def _renew_if_possible(self) -> None:
        """While the lane ends: a database that is away must not keep it from waiting for its calls."""
        try:
            self._renew()
        except AWAY as error:
            logger.warning("Leases not renewed", extra={"lane": self.name, "error": type(error).__name__})
            connection.close()

    def _claim_due(self) -> list[Claim]:
        if not self._may_claim() or not self.polling.is_time():
            return []
        free = self._room()
        probe = self.breaker.is_probe
        wanted = self.breaker.lets_through(0 if probe and self.under_way else free)
        wanted = self.pace.allows(wanted, self.breaker.closed_at)
        wanted = self.hooks.allows(wanted, self.under_way) if wanted else 0
        if probe and wanted and not self._gets_the_probe():
            wanted = 0
        claimed = transitions.claim(self.name, wanted, is_probe=probe) if wanted else []
        if not self.under_way and not claimed:
            self._release_the_probe()
        if wanted:
            self.polling.polled(found=len(claimed), wanted=wanted)
        self.pace.took(len(claimed))
        self.claims |= {claim.id: claim for claim in claimed}
        return self._prefetch(claimed)

    def _may_claim(self) -> bool:
        is_left_alone = self.not_before is not None and datetime.now(UTC) < self.not_before
        return self._room() >= self.threads // 2 and not is_left_alone

    def _gets_the_probe(self) -> bool:
        """One call at a time finds out if the system is back, however many lanes share it.

        Each begins where the one before left the circuit.
        """
        if self.partition.of == 1:
            return True
        self.has_the_probe = try_lock(self.listener, PROBE_NAMESPACE, self.service.name)
        if self.has_the_probe:
            self.breaker.load()
        return self.has_the_probe and self.breaker.is_probe and self.breaker.lets_through(1) == 1

    def _release_the_probe(self) -> None:
        if self.has_the_probe:
            unlock(self.listener, PROBE_NAMESPACE, self.service.name)
            self.has_the_probe = False

    def _prefetch(self, claimed: list[Claim]) -> list[Claim]:
        """The claims with their context; one that breaks the hooks is for a person, the others go on."""
        try:
            return lane_hooks.prefetched(self.hooks, claimed)
        except AWAY:
            self.finished.extend(attempt.hold(claim) for claim in claimed)
            raise
        except Exception as error:
            logger.exception("Lane hooks broke", extra={"deliveries": [claim.id for claim in claimed]})
            if len(claimed) > 1:
                return [each for claim in claimed for each in self._prefetch([claim])]
            self.finished.append(attempt.fail(claimed[0], Outcome.BROKEN, error))
            return []

    def _room(self) -> int:
        return self.limit - self.under_way

    def _attempt(self, claim: Claim) -> None:
        hands_back = self.is_closing or self.breaker.holds_all
        self.finished.append(attempt.hold(claim) if hands_back else attempt.attempt(claim))
        # the first sets the time of the next write; at those between them there is nothing to be done
        if not self.finished_seen_at or len(self.finished) >= min(self.under_way, self.limit // 2):
            os.write(self.wake_pipe_out, b".")

    def _wait(self) -> None:
        """Until a call ends, a NOTIFY comes, something falls due, or it is time to refresh."""
        patience = self._patience()
        if self._may_claim():
            patience = self.polling.shorten(patience)
        ready, _, _ = select.select([self.wake_pipe_in, self.listener.fileno()], [], [], patience)
        if not ready:
            self.polling.ended()
        if self.wake_pipe_in in ready:
            os.read(self.wake_pipe_in, 4096)
        if self.listener.fileno() in ready:
            # all that came, without waiting once more for others, which would be noticed by `select`
            for notification in self.listener.notifies(timeout=0, stop_after=1):
                self.polling.notified()
                if notification.payload == CHANGED:
                    self.refresh_at = self.heartbeat_at = 0.0

    def _patience(self) -> float:
        if self.finished:
            return max(0.0, self._flush_at() - time.monotonic())
        if self.under_way:
            return POLL_SECONDS / 4
        if self._may_claim() and self.polling.polls_before(POLL_SECONDS):
            return POLL_SECONDS
        due_at = next_due(self.name)
        wait = (due_at - datetime.now(UTC)).total_seconds() if due_at else POLL_SECONDS
        return min(wait, POLL_SECONDS) if wait > 0 else POLL_SECONDS / 4  # due, but kept back

    def _flush_at(self) -> float:
        return self.finished_seen_at + FLUSH_SECONDS

    def _flush_is_due(self) -> bool:
        return self.under_way == len(self.finished) or time.monotonic() >= self._flush_at()

    def _flush(self) -> None:
        results = list(self.finished)
        self.finished_seen_at = 0.0
        if not results:
            return
        write_all(results)
        for result in results:  # only now: what could not be written is tried again at the end of the drain
            self.finished.popleft()
            del self.claims[result.claim.id]
        known = self.breaker.saved.state
        for result in results:
            if result.claim.is_probe and result.is_refusal:
                self.breaker.refuse(f"{result.error} (answered {result.status_code})")
        self.breaker.save()
        if self.breaker.saved.state != known and self.partition.of > 1:
            wakeup.notify_changed(self.service.name)  # the lanes beside this one stop, or begin, at once too
        if not self.under_way:
            self._release_the_probe()
        if asked := max((result.retry_after for result in results if result.retry_after), default=None):
            self.not_before = circuit_breakers.leave_alone(self.service.name, asked)
        self.written += len(results)
        self.idle_since = math.inf
        self.polling.ended()


# --- what became of a batch, with all consequences, in one transaction -----------------------------


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(AWAY),
    stop=tenacity.stop_after_delay(30),
    wait=tenacity.wait_random(0.2, 1),
    before_sleep=lambda _: connection.close(),  # the next attempt opens another
    reraise=True,
)
def _write_patiently(results: Sequence[Result]) -> None:
    write(results)


def write_all(results: Sequence[Result]) -> None:
    """Store a batch; if it cannot be stored together, one by one, and what cannot be stored is for a person.

    Waits up to half a minute for a database that went away: the calls were made, and a result that is lost
    is a call made twice. Raises django.db.OperationalError after that.
    """
    try:
        _write_patiently(results)
    except AWAY:
        raise
    except Exception:
        logger.exception("Outcomes could not be stored together", extra={"deliveries": len(results)})
        for result in results:
            _write_alone(result)


def _write_alone(result: Result) -> None:
    try:
        _write_patiently([result])
    except AWAY:
        raise
    except Exception as own_error:
        logger.exception("Outcome could not be stored", extra={"delivery_id": result.claim.id})
        write([attempt.fail(result.claim, Outcome.BROKEN, own_error)], with_hooks=False)


def write(results: Sequence[Result], *, with_hooks: bool = True) -> None:
    """Store these results. One whose lease was lost in the meantime is left out: another run owns it.

    Without the lane hooks where one of them may be what broke: a call that was made must not be lost for it.
    """
    with transaction.atomic():
        mine = transitions.end(results)
        kept = [result for result in results if result.claim.id in mine]
        for result in results:
            if result.claim.id not in mine:
                logger.warning(
                    "Outcome came after its lease was lost", extra={"delivery_id": result.claim.id}
                )
        _record_emitted(kept)
        if with_hooks:
            lane_hooks.on_written(kept)


def _record_emitted(results: Sequence[Result]) -> None:
    envelopes = [
        envelope.read(
            {"type": emission.type, "id": emission.key, "data": emission.data},
            source=emission.source,
            caused_by=result.claim.event.id,
            request_id=result.claim.request_id,
            trace_id=result.claim.trace_id,
        )
        for result in results
        for emission in result.emitted
    ]
    if envelopes:
        ingestion.record(envelopes)
