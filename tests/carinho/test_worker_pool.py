"""The worker's processes: how many there are, and how a spare one ends."""

import itertools
import os
import signal
from collections.abc import Callable
from functools import partial
from time import time
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker import state

from carinho import worker_pool
from carinho.celery import app
from carinho.worker_pool import SHORT_SECONDS, Autoscaler, BlockingPool
from tests.processes import eventually

MOST = 5


class CountedPool:
    """A pool whose processes are only counted."""

    num_processes = 1

    def grow(self, n: int) -> None:
        self.num_processes += n

    def shrink(self, n: int) -> None:
        self.num_processes -= n

    def maintain_pool(self) -> None: ...


@pytest.fixture
def pool() -> CountedPool:
    return CountedPool()


@pytest.fixture
def scaler(pool: CountedPool) -> Autoscaler:
    return Autoscaler(pool, MOST, 1)


@pytest.fixture
def receive(scaler: Autoscaler, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Receive tasks of this queue, as the consumer does."""
    requests: dict[int, Any] = {}
    monkeypatch.setattr(state, "requests", requests)

    def receive(queue: str, *, count: int = 1, started_at: float | None = None) -> None:
        for _ in range(count):
            request = SimpleNamespace(app=app, delivery_info={"routing_key": queue}, time_start=started_at)
            requests[len(requests)] = request
            scaler.maybe_scale(request)

    return receive


def test_each_lane_finds_a_process_and_one_is_left_for_short_tasks(
    pool: CountedPool, receive: Callable[..., None]
) -> None:
    found = []
    for queue in ("crm", "whatsapp", "sync", "operacao", "financeiro"):
        receive(queue)
        found.append(pool.num_processes)
    assert found == [2, 3, 4, 5, MOST]


def test_short_tasks_wait_for_each_other_but_not_for_one_that_takes_long(
    pool: CountedPool, receive: Callable[..., None]
) -> None:
    receive("default", count=20)
    assert pool.num_processes == 1
    receive("default", started_at=time() - SHORT_SECONDS - 1)
    assert pool.num_processes == 2


def test_spare_processes_end_one_by_one_down_to_the_least(
    pool: CountedPool, scaler: Autoscaler, receive: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    receive("crm", count=3)
    times = itertools.accumulate([5, 6, 5, 6, 11, 11, 11], initial=scaler.all_needed_at)
    state.requests.clear()
    found = []
    for now in times:
        monkeypatch.setattr(worker_pool, "monotonic", partial(float, now))
        scaler.maybe_scale()
        found.append(pool.num_processes)
    assert found == [4, 4, 3, 3, 2, 1, 1, 1]


def test_process_that_is_asked_to_leave_ends_in_order_and_what_the_others_run_goes_on() -> None:
    release, wait = os.pipe()
    pool = BlockingPool(2)
    try:
        running = pool.apply_async(os.read, [release, 1])
        assert eventually(running.accepted)
        pool.shrink()
        assert eventually(lambda: len(pool._pool) == 1)
        os.write(wait, b".")
        assert running.get(60) == b"."
        assert pool.apply_async(os.getpid).get(60) == pool._pool[0].pid
    finally:
        pool.terminate()
        pool.join()
        os.close(release)
        os.close(wait)


def test_process_killed_while_it_waits_is_replaced_by_the_main_thread_and_the_next_task_runs() -> None:
    pool = BlockingPool(1)
    try:
        assert eventually(pool._worker_handler.is_alive)
        os.kill(pool._pool[0].pid, signal.SIGKILL)
        assert eventually(lambda: not pool._pool)
        pool.maintain_pool()
        assert pool.apply_async(os.getpid).get(60) == pool._pool[0].pid
    finally:
        pool.terminate()
        pool.join()
