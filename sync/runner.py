"""The runner of a job: pages are read, compared, written and confirmed, and each is a checkpoint.

The database is only touched by the runner's own thread, the network only by the pool's, and never in a
transaction. Several pages are in hand at once, so that one slow record does not hold the others.
"""

import heapq
import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue

from django.conf import settings
from django.db.models.functions import Now

from carinho.celery import stopping
from carinho.logs import request_id
from carinho.services.errors import CircuitOpen, Rejected, Unavailable
from carinho.services.pagination import Cursors, EndlessList, Page
from sync import checkpoint, ledger, log, runs, stages
from sync.availability import Gate
from sync.checkpoint import LostRun
from sync.job import Job, Window
from sync.locks import Lock
from sync.models import PlannedWrite, RunKind, RunStatus, SyncRun
from sync.records import End, Item, push
from sync.stages import Place

logger = logging.getLogger(__name__)

AHEAD = 2  # per thread: one that runs and one that is ready when it ends
MOST_BATCHES = 3
MOST_ATTEMPTS = 3
MOST_READS = 8
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 0.1


class Ended(Exception):
    """The run ends here, before its last page."""

    def __init__(
        self, status: RunStatus, reason: str = "", line: tuple[str, dict[str, object]] | None = None
    ) -> None:
        super().__init__(reason)
        self.status, self.reason, self.line = status, reason, line


class Stopped(Exception):
    """This worker ends: another one goes on."""


@dataclass(eq=False)
class Batch:
    """A page in hand: its records, and how many of them have not ended yet."""

    next: Place | None
    read: int
    unchanged: list[str]
    items: list[Item]
    left: int


@dataclass
class Reading:
    """What came of reading a page."""

    place: Place
    page: Page | None = None
    error: Exception | None = None
    is_trial: bool = False


@dataclass(order=True)
class Later:
    at: float
    number: int
    item: Item = field(compare=False)


class Runner:
    """One run in this process. What it holds: pages in hand, calls under way, records that wait."""

    def __init__(self, run: SyncRun, lock: Lock) -> None:
        self.run, self.lock = run, lock
        self.job = Job.registry[run.job_id]
        self.window = Window(run.window_at, run.since)
        self.gate = Gate(self.job)
        self.place: Place | None = stages.first(run)
        self.is_resumed = bool(run.checkpoint)
        self.cursors = Cursors()
        self.batches: deque[Batch] = deque()
        self.batch_of: dict[Item, Batch] = {}
        self.ready: deque[Item] = deque()
        self.later: list[Later] = []
        self.ended: SimpleQueue[Item | Reading] = SimpleQueue()
        self.under_way = 0
        self.is_reading = self.is_closing = False
        self.read_failures = 0
        self.read_at = self.look_at = 0.0
        self.waited_for_stage = ""
        self.started = time.monotonic()
        self.waited = 0.0
        self.waits_since: float | None = None
        self.numbers = 0

    def go(self) -> SyncRun:
        """Run to the end, whatever that is; the row says which. The lock is held by the caller."""
        threads = min(self.job.target.threads, self.job.source.threads)
        self.places = threads * AHEAD
        pool = ThreadPoolExecutor(threads + 1, thread_name_prefix=self.job.name)
        try:
            self._work(pool)
        except Ended as end:
            self._close(pool)
            self._end(end)
        except (Stopped, LostRun):
            self._close(pool)
            logger.warning("Run was left", extra={"job": self.job.name, "run_id": self.run.pk})
        except Exception as error:
            logger.exception("Run broke", extra={"job": self.job.name, "run_id": self.run.pk})
            self._close(pool)
            log.line(self.run, "broke", kind=type(error).__name__)
            self._end(Ended(RunStatus.FAILED, f"Broken: {type(error).__name__} in our own code"))
        else:
            checkpoint.finish(self.run, RunStatus.INCOMPLETE if self.run.failed else RunStatus.DONE)
        finally:
            self.is_closing = True
            pool.shutdown(wait=True)
        self.run.refresh_from_db()
        return self.run

    def _work(self, pool: ThreadPoolExecutor) -> None:
        while self.place or self.is_reading or self.batches:
            self._look()
            self._read(pool)
            self._send(pool)
            self._wait()
            self._save()

    # --- signs of life, and what others asked for ---

    def _look(self) -> None:
        now = time.monotonic()
        if now < self.look_at:
            return
        self.look_at = now + LOOK_SECONDS
        self.gate.look()
        self._say_waiting(now)
        checkpoint.update_mine(
            self.run, processed=self.run.read + sum(len(b.items) - b.left for b in self.batches)
        )
        self._obey(now)

    def _obey(self, now: float) -> None:
        if stopping.is_set():
            raise Stopped
        if not self.lock.is_held():
            raise LostRun(f"The lock of {self.job.name} is gone")
        self.run.refresh_from_db(fields=["cancelled_by"])
        if self.run.cancelled_by:
            raise Ended(RunStatus.CANCELLED, line=("cancelled", {"actor": self.run.cancelled_by}))
        if now - self.started - self.waited - self._waits(now) > self.job.limit.total_seconds():
            raise Ended(RunStatus.STUCK)

    def _waits(self, now: float) -> float:
        return now - self.waits_since if self.waits_since is not None else 0.0

    def _say_waiting(self, now: float) -> None:
        closed = self.gate.closed() if not self.under_way else ""
        if closed and self.waits_since is None:
            self.waits_since = now
            checkpoint.update_mine(self.run, waiting_for=closed, waiting_since=Now())
            log.line(self.run, "waits", system=self._label(closed))
        elif self.waits_since is not None and self._waits(now) > settings.HOLD_LIMIT_SECONDS:
            raise Ended(
                RunStatus.FAILED, f"{closed} was away for over {settings.HOLD_LIMIT_SECONDS // 3600} hours"
            )

    def _stop_waiting(self) -> None:
        if self.waits_since is None:
            return
        seconds = self._waits(time.monotonic())
        self.waited += seconds
        self.waits_since = None
        self.run.refresh_from_db(fields=["waiting_for", "waited_seconds"])
        system = self._label(self.run.waiting_for)
        checkpoint.update_mine(
            self.run,
            waiting_for="",
            waiting_since=None,
            waited_seconds=self.run.waited_seconds + round(seconds),
        )
        log.line(self.run, "goes_on", system=system, seconds=round(seconds))

    def _label(self, name: str) -> str:
        known = self.gate.systems.get(name)
        return str(known.label) if known else name

    # --- reading ---

    def _read(self, pool: ThreadPoolExecutor) -> None:
        if self.place is None or self.is_reading or time.monotonic() < self.read_at:
            return
        if self.place.stage != stages.PULL:
            self._read_stored(self.place)
        elif len(self.batches) < MOST_BATCHES and self.gate.may_read(self.under_way):
            self.is_reading = True
            self.under_way += 1
            pool.submit(self._pull, self.place, self.gate.is_trial())

    def _pull(self, place: Place, is_trial: bool) -> None:
        token = request_id.set(self._request)
        reading = Reading(place, is_trial=is_trial)
        try:
            reading.page = self.job.pull(self.job.source(), place.cursor, self.window)
        except Exception as error:  # noqa: BLE001 -- told to the runner's thread, which knows what it means
            reading.error = error
        finally:
            request_id.reset(token)
            self.ended.put(reading)

    @property
    def _request(self) -> str:
        return f"sync-{self.run.pk}"

    def _read_stored(self, place: Place) -> None:
        """A stage whose records the database has begins when every page before it is saved."""
        if self.batches:
            return
        page = stages.stored(self.run, place)
        if place.stage == stages.LEFTOVER and self.job.asks_until_done:
            self._let_go()
            page = Page([])
        if page.records and place.stage in stages.WAITS and self.waited_for_stage != place.stage:
            self.waited_for_stage = place.stage
            self.read_at = time.monotonic() + stages.WAITS[place.stage]
            log.line(self.run, "retries")
            return
        self._take(place, page)

    def _let_go(self) -> None:
        keys = list(stages.leftover(self.run).values_list("key", flat=True))
        count = checkpoint.close_failures(self.job.name, keys, by=f"run:{self.run.pk}", status="gone")
        if count:
            log.line(self.run, "gone", count=count)

    def _on_reading(self, reading: Reading) -> None:
        self.is_reading = False
        error = reading.error
        if reading.page is not None:
            self.read_failures = 0
            self._take(reading.place, reading.page)
        elif isinstance(error, Unavailable):
            self._read_later(reading, error)
        elif isinstance(error, Rejected) and reading.place.cursor and self.is_resumed:
            self.is_resumed = False
            self.cursors = Cursors()
            self.place = Place(reading.place.stage)
            log.line(self.run, "page_read_again", system=self._label(self.gate.source))
        elif isinstance(error, Rejected):
            raise self._unreadable(str(error))
        elif not isinstance(error, CircuitOpen):
            raise error or AssertionError

    def _read_later(self, reading: Reading, error: Unavailable) -> None:
        if not reading.is_trial:
            self.read_failures += 1
        if self.read_failures > MOST_READS:
            raise self._unreadable(str(error))
        asked = error.retry_after or timedelta()
        self.read_at = time.monotonic() + max(_wait_after(self.read_failures), asked.total_seconds())

    def _unreadable(self, reason: str) -> Ended:
        system = self._label(self.gate.source)
        return Ended(RunStatus.FAILED, reason, ("read_failed", {"system": system, "reason": reason}))

    def _take(self, place: Place, page: Page) -> None:
        """A page is in hand: its records are compared, and those that need it wait to be sent."""
        if place.stage == stages.PULL:
            self._follow(page)
        plan = ledger.plan(self.job, page.records, again=place.stage == stages.DIFFERENCES)
        self.place = stages.after(self.run, place, page)
        if self.run.kind == RunKind.DRY:
            self._note_planned(plan)
            plan.items, plan.invalid = [], []
        batch = Batch(
            self.place, len(page.records), plan.unchanged, plan.items + plan.invalid, len(plan.items)
        )
        self.batches.append(batch)
        self.batch_of |= dict.fromkeys(plan.items, batch)
        self.ready.extend(plan.items)

    def _follow(self, page: Page) -> None:
        try:
            self.cursors.follow(page, self.job.source)
        except EndlessList as error:
            raise self._unreadable(error.detail) from None

    def _note_planned(self, plan: ledger.Plan) -> None:
        rows = [
            PlannedWrite(
                run=self.run,
                key=item.key,
                action=ledger.action(item, plan),
                fields=ledger.changed_fields(item, plan),
                wanted=item.wanted,
            )
            for item in plan.items + plan.invalid
        ]
        PlannedWrite.objects.bulk_create(rows)

    # --- writing ---

    def _send(self, pool: ThreadPoolExecutor) -> None:
        now = time.monotonic()
        while self.later and self.later[0].at <= now:
            self.ready.append(heapq.heappop(self.later).item)
        free = min(self.places - self.under_way, len(self.ready))
        if free <= 0:
            return
        count = self.gate.places(free, self.under_way)
        is_trial = self.gate.is_trial()
        for _ in range(count):
            item = self.ready.popleft()
            item.is_trial = is_trial
            pool.submit(self._push, item)
        self.gate.took(count)
        self.under_way += count

    def _push(self, item: Item) -> None:
        if self.is_closing:
            item.end = End.HELD
        else:
            push(self.job, item, self._request)
        self.ended.put(item)

    def _wait(self) -> None:
        """Until a call ends, or it is time to look around; not at all while a page waits to be saved."""
        if self.batches and not self.batches[0].left and not self.under_way:
            return
        try:
            self._on_end(self.ended.get(timeout=PATIENCE_SECONDS))
            while not self.ended.empty():
                self._on_end(self.ended.get_nowait())
        except Empty:
            return
        finally:
            self.gate.learn()

    def _on_end(self, ended: Item | Reading) -> None:
        self.under_way -= 1
        if isinstance(ended, Reading):
            self._on_reading(ended)
        else:
            self._on_item(ended)
        if not isinstance(ended.error, CircuitOpen | Unavailable):
            self._stop_waiting()

    def _on_item(self, item: Item) -> None:
        if item.end == End.HELD:
            self.ready.appendleft(item)
            return
        item.attempts += 0 if item.end == End.UNAVAILABLE and item.is_trial else 1
        if item.end == End.UNAVAILABLE and item.attempts < MOST_ATTEMPTS:
            self._push_later(item)
        else:
            self.batch_of.pop(item).left -= 1

    def _push_later(self, item: Item) -> None:
        asked = getattr(item.error, "retry_after", None) or timedelta()
        self.numbers += 1
        wait = max(_wait_after(item.attempts), min(asked.total_seconds(), LONGEST_WAIT))
        heapq.heappush(self.later, Later(time.monotonic() + wait, self.numbers, item))

    # --- saving ---

    def _save(self) -> None:
        while self.batches and not self.batches[0].left:
            batch = self.batches.popleft()
            reached = batch.next.as_json() if batch.next else {}
            checkpoint.save(
                self.run, batch.items, read=batch.read, unchanged=batch.unchanged, checkpoint=reached
            )

    def _close(self, pool: ThreadPoolExecutor) -> None:
        """Let what was sent come to its end, and keep what came of it; the checkpoint stays."""
        self.is_closing = True
        pool.shutdown(wait=True)
        while not self.ended.empty():
            ended = self.ended.get_nowait()
            if isinstance(ended, Item) and ended.end in (End.DONE, End.REJECTED, End.BROKEN):
                self.batch_of.pop(ended, None)
        self.gate.learn()
        for batch in self.batches:
            over = [item for item in batch.items if item not in self.batch_of]
            try:
                checkpoint.save(self.run, over, read=len(over), unchanged=[])
            except LostRun:
                return

    def _end(self, end: Ended) -> None:
        try:
            if end.status == RunStatus.STUCK:
                runs.close_as_stuck(
                    self.run, "over_limit", minutes=round(self.job.limit.total_seconds() / 60)
                )
                return
            if end.line:
                log.line(self.run, end.line[0], **end.line[1])
            checkpoint.finish(self.run, end.status, reason=end.reason)
        except LostRun:
            logger.warning("Run was lost", extra={"job": self.job.name, "run_id": self.run.pk})


def _wait_after(attempts: int) -> float:
    return min(FIRST_WAIT * 2.0 ** max(attempts - 1, 0), LONGEST_WAIT)
