"""How many calls a lane may start."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from events import backoff
from events.engine import pacing


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now[0])
    return now


def test_lane_without_a_limit_takes_all_it_wants(clock):
    assert pacing.Pace(None).allows(32, None) == 32


def test_lane_with_a_limit_takes_no_more_than_that_in_a_second(clock):
    lane, taken = pacing.Pace(10), 0
    for _ in range(100):
        clock[0] += 0.01
        calls = lane.allows(32, None)
        lane.took(calls)
        taken += calls
    assert 10 <= taken <= 11


def test_after_an_outage_it_starts_gently_and_grows(clock):
    lane = pacing.Pace(None)
    just_now = datetime.now(UTC)
    clock[0] += 0.2
    assert lane.allows(32, just_now) <= 2
    assert pacing.Pace(None)._rate(just_now - timedelta(seconds=30)) > 100
    assert lane.allows(32, just_now - timedelta(minutes=5)) == 32


@override_settings(RETRY_WAITS=[60, 240, 900, 3600])
@pytest.mark.parametrize(("attempts", "seconds"), [(1, 60), (2, 240), (3, 900), (4, 3600)])
def test_waits_grow_and_vary_by_a_tenth(attempts, seconds):
    for _ in range(50):
        wait = backoff.wait_after(attempts)
        assert wait is not None
        assert seconds * 0.9 <= wait.total_seconds() <= seconds * 1.1


@override_settings(RETRY_WAITS=[60, 240, 900, 3600])
def test_after_the_fifth_attempt_there_is_no_wait_left():
    assert backoff.wait_after(5) is None
