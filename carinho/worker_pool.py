"""The worker's processes: made when work comes that would wait for one, ended when they are spare.

Celery ends a spare process by SIGTERM. One that has just begun to read a message would die with the lock of
the pipe that all read from, so ours ignore it; they are asked to leave by a job.
"""

import fcntl
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock, current_thread, main_thread
from time import monotonic, time
from typing import Any

from billiard import pool as billiard_pool
from celery.concurrency import asynpool, prefork
from celery.worker import autoscale, state
from celery.worker.request import Request

SPARE_SECONDS = 10.0  # one process ends when so long not all were needed
SHORT_SECONDS = 1.0  # what runs for longer must not keep the short tasks waiting


def leave() -> None:
    """As a job: the process that takes it reports it as done, and ends."""
    sys.exit(0)


class LeaveByJob:
    _processes: int
    apply_async: Callable[..., Any]

    def shrink(self, n: int = 1) -> None:
        for _ in range(n):
            self._processes -= 1
            self.apply_async(leave)


class EventLoopPool(LeaveByJob, asynpool.AsynPool):
    """With Redis."""


class ProcessLock:
    """Free again when the process that holds it is killed; billiard's semaphore is then held for ever."""

    def __init__(self) -> None:
        self.file, path = tempfile.mkstemp()
        Path(path).unlink()

    def acquire(self) -> None:
        fcntl.lockf(self.file, fcntl.LOCK_EX)

    def release(self) -> None:
        fcntl.lockf(self.file, fcntl.LOCK_UN)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class BlockingPool(LeaveByJob, billiard_pool.Pool):
    """With the folder: a thread of the pool's looks after it, beside the worker's main one.

    Only that one makes processes: each is killed when the thread that made it ends (prctl(2), PDEATHSIG), and
    the pool's ends while what runs is still waited for.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.maintenance = Lock()
        super().__init__(*args, **options)

    def _setup_queues(self) -> None:
        super()._setup_queues()
        # one of the processes that wait for a task has the first, always
        self._inqueue._rlock = ProcessLock()  # noqa: SLF001
        self._outqueue._wlock = ProcessLock()  # noqa: SLF001

    def _maintain_pool(self) -> None:
        with self.maintenance:
            super()._maintain_pool()

    def _repopulate_pool(self, exitcodes: Sequence[int]) -> None:
        if current_thread() is main_thread():
            super()._repopulate_pool(exitcodes)


class TaskPool(prefork.TaskPool):
    Pool = EventLoopPool
    BlockingPool = BlockingPool


class Autoscaler(autoscale.Autoscaler):
    """Celery's grows within a second and for each task; ours at once, and for those that stay."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, keepalive=1.0)
        self.all_needed_at = monotonic()

    @property
    def qty(self) -> int:
        """The processes needed: one for each task that stays, and one for all that are short."""
        return 1 + sum(stays(request) for request in list(state.requests.values()))

    def on_task_received(self, _: Request) -> None:
        """In the main thread, before the pool is given the task: makes what is missing or died."""
        with self.mutex:
            missing = min(self.qty, self.max_concurrency) - self.processes
            if missing > 0:
                self.scale_up(missing)
            self.pool.maintain_pool()

    def maybe_scale(self, req: Request | None = None) -> None:
        if req is not None:
            self.on_task_received(req)
            return
        spare = self.processes - max(self.qty, self.min_concurrency)
        if spare <= 0:
            self.all_needed_at = monotonic()
        elif monotonic() - self.all_needed_at > SPARE_SECONDS:
            self.all_needed_at = monotonic()
            self.pool.shrink(1)


def stays(request: Request) -> bool:
    """Whether a task keeps its process: a lane, a synchronisation, or what has been running for long."""
    if request.delivery_info["routing_key"] != request.app.conf.task_default_queue:
        return True
    return request.time_start is not None and time() - request.time_start > SHORT_SECONDS
