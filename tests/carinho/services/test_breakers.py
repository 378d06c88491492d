"""The breaker's own rules, without a network."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pybreaker
import pytest

from carinho.services import circuit_breaker
from carinho.services.circuit_breaker import Breaker, Snapshot
from carinho.services.errors import Rejected, Unavailable


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("crm", failures=5, reset_seconds=60, reset_max_seconds=600, ignore=(Rejected,))


def fail(breaker, error=Unavailable):
    with suppress(error), breaker.calling():
        raise error("down")


def succeed(breaker):
    with breaker.calling():
        pass


def test_five_failures_in_a_row_open_it(breaker):
    for _ in range(4):
        fail(breaker)
    assert breaker.snapshot().state == "closed"
    fail(breaker)
    assert breaker.snapshot().state == "open"
    with pytest.raises(pybreaker.CircuitBreakerError):
        succeed(breaker)


def test_success_in_between_starts_the_count_again(breaker):
    for _ in range(4):
        fail(breaker)
    succeed(breaker)
    fail(breaker)
    assert breaker.snapshot().failure_count == 1


def test_over_half_of_twenty_calls_in_a_minute_open_it_without_five_in_a_row(breaker):
    for _ in range(9):
        succeed(breaker)
        fail(breaker)
    assert breaker.snapshot().state == "closed"
    fail(breaker)
    fail(breaker)
    assert breaker.snapshot().state == "open"


def test_failures_older_than_a_minute_do_not_count(breaker, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(circuit_breaker.time, "monotonic", lambda: clock[0])
    for _ in range(10):
        fail(breaker)
        succeed(breaker)
    clock[0] += 61
    fail(breaker)
    fail(breaker)
    assert breaker.snapshot().state == "closed"


def test_rejection_says_nothing_about_health(breaker):
    for _ in range(30):
        fail(breaker, Rejected)
    assert breaker.snapshot().state == "closed"


def test_wait_doubles_with_each_failed_probe_up_to_the_longest(breaker):
    waits = []
    breaker.open()
    for _ in range(6):
        waits.append(breaker.reset_timeout)
        breaker._state_storage.opened_at = datetime.now(UTC) - timedelta(hours=1)
        fail(breaker)
    assert waits == [60, 120, 240, 480, 600, 600]


def test_calls_that_fail_together_open_it_once(breaker):
    gate = threading.Barrier(16)

    def fail_together(_):
        with suppress(Unavailable), breaker.calling():
            gate.wait()
            raise Unavailable("down")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(fail_together, range(16)))
    assert (breaker.snapshot().trips, breaker.reset_timeout) == (1, 60)


def test_two_good_probes_close_it(breaker):
    breaker.restore(Snapshot("open", trips=3, opened_at=datetime.now(UTC) - timedelta(hours=1)))
    assert breaker.lets_through(30) == 1
    succeed(breaker)
    assert breaker.snapshot().state == "half_open"
    assert breaker.lets_through(30) == 1
    succeed(breaker)
    assert breaker.snapshot() == Snapshot("closed", opened_at=breaker.snapshot().opened_at)
    assert breaker.lets_through(30) == 30


def test_open_circuit_lets_nothing_through_before_its_time(breaker):
    breaker.restore(Snapshot("open", trips=1, opened_at=datetime.now(UTC)))
    assert breaker.lets_through(30) == 0


def test_another_process_goes_on_from_the_snapshot(breaker):
    for _ in range(3):
        fail(breaker)
    other = Breaker("crm", breaker.snapshot(), failures=5)
    fail(other)
    fail(other)
    assert other.snapshot().state == "open"


def test_calls_that_end_at_the_same_moment_are_counted_and_break_nothing(breaker):
    """What breaks here would count as our own mistake: a call that was made would be for a person."""
    watch, ended = breaker.watch, []
    watch.recent.extend((time.monotonic(), False) for _ in range(200))

    def end(number):
        for _ in range(200):
            watch.success(breaker)
            if number % 2:
                watch.failure(breaker, Unavailable("down"))
            if number == 4:
                watch.state_change(breaker, None, breaker.state)
        ended.append(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(end, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert len(ended) == 8


def probe(breaker, error=None):
    """The time of the next probe has come, and the probe ends so; the state in which it began."""
    breaker.reset_timeout = 0
    before = breaker.snapshot()
    if error:
        fail(breaker, error)
    else:
        succeed(breaker)
    return before


def test_refused_probe_leaves_it_open_and_the_waits_begin_anew_with_the_shortest(breaker):
    for _ in range(5):
        fail(breaker)
    for _ in range(3):
        probe(breaker, Unavailable)
    waits = []
    for _ in range(6):
        breaker.refuse("Forbidden", probe(breaker, Rejected))
        snapshot = breaker.snapshot()
        assert (snapshot.state, snapshot.is_refusing, snapshot.last_error) == ("open", True, "Forbidden")
        waits.append(breaker.reset_timeout)
    assert waits == [60, 120, 240, 480, 600, 600]


def test_refused_probe_of_several_calls_keeps_the_wait_that_its_calls_had_ended(breaker):
    breaker.restore(Snapshot("open", trips=3, opened_at=datetime.now(UTC), is_refusing=True))
    before = probe(breaker)
    succeed(breaker)
    assert breaker.snapshot().state == "closed"
    breaker.refuse("Forbidden", before)
    assert (breaker.snapshot().state, breaker.reset_timeout) == ("open", 480)


def test_probe_without_an_answer_or_a_good_one_ends_that_it_refuses(breaker):
    breaker.restore(Snapshot("open", trips=1, opened_at=datetime.now(UTC), is_refusing=True))
    probe(breaker, Unavailable)
    assert (breaker.snapshot().state, breaker.snapshot().is_refusing) == ("open", False)
    breaker.refuse("Forbidden", probe(breaker, Rejected))
    probe(breaker)
    succeed(breaker)
    assert (breaker.snapshot().state, breaker.snapshot().is_refusing) == ("closed", False)
