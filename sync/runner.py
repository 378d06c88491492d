"""The loop of one run: pages are read, compared, written and confirmed, and each is a checkpoint.

The database is only touched by the runner's own thread, the network only by the pool's, and never in a
transaction. Several pages are in hand at once, so that one slow record does not hold the others.
"""

import heapq
import itertools
import logging
import os
import select
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from carinho.logs import request_id
from carinho.services.errors import CircuitOpen, NotOffered, Rejected, Unavailable, broken
from carinho.services.pagination import Cursors, EndlessList, Page
from sync import checkpoint, records, runs
from sync.availability import Availability, SystemWait
from sync.checkpoint import Checkpoint, is_listed_again
from sync.job import Job, Window
from sync.models import RunKind, RunStatus, SyncRun
from sync.records import Item, RecordOutcome, push
from sync.runs import JobLock, LostRun, StopRun, WorkerStopped

logger = logging.getLogger(__name__)

AHEAD = 2  # per thread: one that runs and one that is ready when it ends
MOST_PAGES = 3
MOST_ATTEMPTS = 3
MOST_READS = 8
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 0.1


@dataclass(eq=False)
class PageInHand:
    """A page that is being written; `left` counts its records that have not ended yet.

    `read` counts those that this run has not read before.
    """

    stage: str
    next: Checkpoint | None
    read: int
    unchanged: list[str]
    items: list[Item]
    left: int


@dataclass
class PageRead:
    position: Checkpoint
    page: Page | None = None
    error: Exception | None = None
    is_probe: bool = False


@dataclass(order=True)
class Later:
    """A record that is tried again at `due_at`, by the monotonic clock; of two at once, the first one."""

    due_at: float
    number: int
    item: Item = field(compare=False)


class Runner:
    """One run in this process. What it holds: pages in hand, calls under way, records that wait."""

    def __init__(self, run: SyncRun, lock: JobLock) -> None:
        self.run, self.lock = run, lock
        self.job = Job.registry[run.job_id]
        self.threads = min(self.job.target.threads, self.job.source.threads)
        self.places = self.threads * AHEAD
        self.window = Window(run.window_at, run.since)
        self.availability = Availability(self.job)
        self.next: Checkpoint | None = Checkpoint.of(run)
        self.began_at_checkpoint = bool(run.checkpoint)
        self.cursors = Cursors()
        self.pages: deque[PageInHand] = deque()
        self.page_of: dict[Item, PageInHand] = {}
        self.ready: deque[Item] = deque()
        self.later: list[Later] = []
        self.numbers = itertools.count()
        self.ended: deque[Item | PageRead] = deque()
        self.wake_pipe_in, self.wake_pipe_out = os.pipe()
        self.under_way = 0
        self.is_reading = self.is_closing = False
        self.read_failures = 0
        self.read_at = self.look_at = 0.0
        self.waited_for_stage = ""
        self.waiting = SystemWait(run, self.availability)

    def go(self) -> SyncRun:
        """Run until the run is over; its row says how it ended. The caller holds the lock."""
        pool = ThreadPoolExecutor(self.threads + 1, thread_name_prefix=self.job.name)
        try:
            self._work(pool)
        except StopRun as stop:
            self._close(pool, goes_on=False)
            self._stop(stop)
        except (WorkerStopped, LostRun):
            self._close(pool, goes_on=True)
            logger.warning("Run was left", extra={"job": self.job.name, "run_id": self.run.pk})
        except Exception as error:
            logger.exception("Run broke", extra={"job": self.job.name, "run_id": self.run.pk})
            self._close(pool, goes_on=False)
            self.run.log("broke", kind=type(error).__name__)
            self._stop(StopRun(RunStatus.FAILED, broken(error)))
        else:
            runs.finish_run(self.run, RunStatus.INCOMPLETE if self.run.failed else RunStatus.DONE)
        finally:
            self.is_closing = True
            pool.shutdown(wait=True)
            os.close(self.wake_pipe_in)
            os.close(self.wake_pipe_out)
        self.run.refresh_from_db()
        return self.run

    def _work(self, pool: ThreadPoolExecutor) -> None:
        while self.next or self.is_reading or self.pages:
            self._look()
            self._read(pool)
            self._send(pool)
            self._wait()
            self._save()

    # --- signs of life, and what others asked for ---

    def _look(self) -> None:
        now = time.monotonic()
        if now < self.look_at and not self.lock.is_notified():
            return
        self.look_at = now + LOOK_SECONDS
        if not self.under_way:
            self.waiting.begin_if_unavailable(now)
        ended = sum(min(page.read, len(page.items) - page.left) for page in self.pages)
        runs.update_mine(self.run, processed=self.run.read + ended)
        runs.raise_if_stopped(self.run, self.lock)
        self.availability.refresh()  # after the lock was asked, which may swallow a notification
        self.waiting.end_if_back()
        if self.waiting.worked_for(now) > self.job.limit.total_seconds():
            raise StopRun(RunStatus.STUCK)

    # --- reading ---

    def _read(self, pool: ThreadPoolExecutor) -> None:
        if self.next is None or self.is_reading or time.monotonic() < self.read_at:
            return
        if self.next.stage != checkpoint.PULL:
            self._read_stored(self.next)
        elif len(self.pages) < MOST_PAGES and self.availability.allows_read(self.under_way):
            self.availability.started_read()
            self.is_reading = True
            self.under_way += 1
            pool.submit(self._pull, self.next, self.availability.is_probe())

    def _pull(self, position: Checkpoint, is_probe: bool) -> None:
        token = request_id.set(self._request)
        reading = PageRead(position, is_probe=is_probe)
        try:
            self.availability.require(self.job.source)
            reading.page = self.job.pull(self.job.source(), position.cursor, self.window)
        except Exception as error:  # noqa: BLE001 -- passed to the runner's thread, which knows what it means
            reading.error = error
        finally:
            request_id.reset(token)
            self._put(reading)

    @property
    def _request(self) -> str:
        return f"sync-{self.run.pk}"

    def _read_stored(self, position: Checkpoint) -> None:
        """A stage whose records the database has begins when every page before it is saved."""
        if self.pages:
            return
        page = checkpoint.stored_page(self.run, position)
        if position.stage == checkpoint.EARLIER_FAILURES and self.job.asks_until_done:
            keys = list(checkpoint.earlier_failures(self.run).values_list("key", flat=True))
            by = f"run:{self.run.pk}"
            if count := checkpoint.close_failures(self.job.name, keys, by=by, status="gone"):
                self.run.log("gone", count=count)
            page = Page([])
        if page.records and position.stage in checkpoint.WAITS and self.waited_for_stage != position.stage:
            self.waited_for_stage = position.stage
            self.read_at = time.monotonic() + checkpoint.WAITS[position.stage]
            self.run.log("retries")
            return
        self._take(position, page)

    def _on_reading(self, reading: PageRead) -> None:
        self.is_reading = False
        error = reading.error
        if reading.page is not None:
            self.read_failures = 0
            self._take(reading.position, reading.page)
        elif isinstance(error, NotOffered):
            raise self._not_offered(error)
        elif isinstance(error, Unavailable):
            self._read_later(reading, error)
        elif isinstance(error, Rejected) and reading.position.cursor and self.began_at_checkpoint:
            self.began_at_checkpoint = False
            self.cursors = Cursors()
            self.next = Checkpoint(reading.position.stage)
            self.run.log("page_read_again", system=self.availability.label(self.availability.source))
        elif isinstance(error, Rejected):
            raise self._unreadable(runs.reason_of(error))
        elif not isinstance(error, CircuitOpen):
            raise error or AssertionError

    def _read_later(self, reading: PageRead, error: Unavailable) -> None:
        if not reading.is_probe:
            self.read_failures += 1
        if self.read_failures > MOST_READS:
            raise self._unreadable(str(error))
        asked = error.retry_after or timedelta()
        self.read_at = time.monotonic() + max(_wait_after(self.read_failures), asked.total_seconds())

    def _unreadable(self, reason: str) -> StopRun:
        system = self.availability.label(self.availability.source)
        return StopRun(RunStatus.FAILED, reason, ("read_failed", {"system": system, "reason": reason}))

    def _not_offered(self, error: NotOffered) -> StopRun:
        """Neither good nor a failure: what a later run reads must not begin after this one."""
        return StopRun(
            RunStatus.CANCELLED, str(error), ("not_offered", {"system": error.system, "reason": str(error)})
        )

    def _take(self, position: Checkpoint, page: Page) -> None:
        """A page is in hand: its records are compared, and those that need it wait to be sent."""
        if position.stage == checkpoint.PULL:
            try:
                self.cursors.follow(page, self.job.source)
            except EndlessList as error:
                raise self._unreadable(error.detail) from None
        plan = records.plan(self.job, page.records, rewrite=position.stage in checkpoint.ASKED)
        self.next = position.after(self.run, page)
        if self.run.kind == RunKind.DRY:
            records.save_planned(self.run, plan)
            plan.items, plan.invalid = [], []
        is_new = position.stage not in checkpoint.WAITS  # those were read by an earlier stage
        read = len(page.records) if is_new else 0
        items = plan.items + plan.invalid
        in_hand = PageInHand(position.stage, self.next, read, plan.unchanged, items, len(plan.items))
        self.pages.append(in_hand)
        self.page_of |= dict.fromkeys(plan.items, in_hand)
        self.ready.extend(plan.items)

    # --- writing ---

    def _send(self, pool: ThreadPoolExecutor) -> None:
        now = time.monotonic()
        while self.later and self.later[0].due_at <= now:
            self.ready.append(heapq.heappop(self.later).item)
        free = min(self.places - self.under_way, len(self.ready))
        if free <= 0:
            return
        count = self.availability.allows(free, self.under_way)
        is_probe = self.availability.is_probe()
        for _ in range(count):
            item = self.ready.popleft()
            item.is_probe = is_probe
            pool.submit(self._push, item)
        self.availability.started(count)
        self.under_way += count

    def _push(self, item: Item) -> None:
        if self.is_closing:
            item.outcome = RecordOutcome.HELD
        else:
            push(self.job, item, self.availability.require, self._request)
        self._put(item)

    def _put(self, ended: Item | PageRead) -> None:
        self.ended.append(ended)
        os.write(self.wake_pipe_out, b".")

    def _wait(self) -> None:
        """Until a call ends, or it is time to look around; not at all while a page waits to be saved."""
        if self.pages and not self.pages[0].left and not self.under_way:
            return
        ready, _, _ = select.select([self.wake_pipe_in, self.lock.fileno()], [], [], PATIENCE_SECONDS)
        if self.wake_pipe_in in ready:
            os.read(self.wake_pipe_in, 4096)
        if not self.ended:
            return
        try:
            while self.ended:
                self._on_end(self.ended.popleft())
        finally:
            self.availability.save()

    def _on_end(self, ended: Item | PageRead) -> None:
        self.under_way -= 1
        refusal = ended.error if ended.is_probe and isinstance(ended.error, Rejected) else None
        if refusal and isinstance(ended, PageRead):
            self.availability.refuse_read(refusal)
        elif refusal:
            self.availability.refuse(refusal)
        if isinstance(ended, PageRead):
            self._on_reading(ended)
        else:
            self._on_item(ended)
        if not refusal and not isinstance(ended.error, CircuitOpen | Unavailable):
            is_read = isinstance(ended, PageRead)
            self.waiting.end_if_for(self.availability.source if is_read else self.job.target.name)
        elif isinstance(ended.error, Unavailable) and ended.error.retry_after:
            self.availability.leave_alone(ended.error.system, ended.error.retry_after)

    def _on_item(self, item: Item) -> None:
        if item.outcome == RecordOutcome.HELD:
            self.ready.appendleft(item)
            return
        if isinstance(item.error, NotOffered):
            raise self._not_offered(item.error)
        item.attempts += 0 if item.outcome == RecordOutcome.UNAVAILABLE and item.is_probe else 1
        if item.outcome == RecordOutcome.UNAVAILABLE and item.attempts < MOST_ATTEMPTS:
            due_at = time.monotonic() + _wait_after(item.attempts)
            heapq.heappush(self.later, Later(due_at, next(self.numbers), item))
        else:
            self.page_of.pop(item).left -= 1

    # --- saving ---

    def _save(self) -> None:
        while self.pages and not self.pages[0].left:
            page = self.pages.popleft()
            reached = asdict(page.next) if page.next else {}
            checkpoint.save(
                self.run, page.items, read=page.read, unchanged=page.unchanged, checkpoint=reached
            )

    def _close(self, pool: ThreadPoolExecutor, *, goes_on: bool) -> None:
        """Let what was sent come to its end, and keep what came of it; the checkpoint stays.

        A run that goes on reads these pages again, and counts then what they still list.
        """
        self.is_closing = True
        pool.shutdown(wait=True)
        unfinished = (RecordOutcome.HELD, RecordOutcome.UNAVAILABLE)
        while self.ended:
            ended = self.ended.popleft()
            if isinstance(ended.error, NotOffered):
                continue
            if isinstance(ended, Item) and ended.outcome not in unfinished:
                self.page_of.pop(ended, None)
        self.availability.save()
        for page in self.pages:
            over = [item for item in page.items if item not in self.page_of]
            met_again = [item for item in over if goes_on and is_listed_again(self.job, page.stage, item)]
            read = min(page.read, len(over) - len(met_again))
            try:
                checkpoint.save(self.run, over, read=read, unchanged=[])
            except LostRun:
                return

    def _stop(self, stop: StopRun) -> None:
        if stop.status == RunStatus.STUCK:
            runs.close_as_stuck(self.run, "over_limit", minutes=round(self.job.limit.total_seconds() / 60))
        else:
            runs.stop_run(self.run, stop)


def _wait_after(attempts: int) -> float:
    return min(FIRST_WAIT * 2.0 ** max(attempts - 1, 0), LONGEST_WAIT)
