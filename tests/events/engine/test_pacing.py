"""How many calls a lane may start."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from events.engine import pacing

RECOVERED = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now[0])
    return now


def test_lane_without_a_limit_takes_all_it_wants(clock):
    assert pacing.Pace(lambda: None).allows(32, None) == 32


def test_lane_with_a_limit_takes_no_more_than_that_in_a_second(clock):
    lane, taken = pacing.Pace(lambda: 10), 0
    for _ in range(100):
        clock[0] += 0.01
        calls = lane.allows(32, None)
        lane.took(calls)
        taken += calls
    assert 10 <= taken <= 11


def test_lanes_that_share_a_limit_take_no_more_together(clock):
    lanes, taken = [pacing.Pace(lambda: 10, share=1 / 4) for _ in range(4)], 0
    for _ in range(100):
        clock[0] += 0.01
        for lane in lanes:
            calls = lane.allows(32, None)
            lane.took(calls)
            taken += calls
    assert 8 <= taken <= 11  # each has less than one left


def test_lane_that_took_all_it_wanted_owes_nothing_once_there_is_a_limit(clock):
    limit = None
    lane = pacing.Pace(lambda: limit)
    lane.took(lane.allows(64, None))
    limit = 5
    assert lane.allows(64, None) == 0
    clock[0] += 0.2
    assert lane.allows(64, None) == 1


@pytest.mark.parametrize(("per_second", "at_once"), [(10, 5), (1.5, 1), (0.5, 1)])
def test_lane_that_did_nothing_for_long_starts_what_half_a_second_takes_and_always_one(
    clock, per_second, at_once
):
    lane = pacing.Pace(lambda: per_second)
    assert lane.allows(32, None) == 1
    clock[0] += 60
    assert lane.allows(32, None) == at_once


@pytest.mark.parametrize(
    ("seconds", "at_once"),
    [(-30, 2), (0, 2), (5, 5), (10, 10), (30, 160), (60, 10_240), (60.1, 50_000)],
)
@time_machine.travel(RECOVERED, tick=False)
def test_after_an_outage_it_starts_at_five_a_second_and_doubles_every_five_for_a_minute(
    clock, seconds, at_once
):
    lane = pacing.Pace(lambda: None)
    clock[0] += 60
    assert lane.allows(50_000, RECOVERED - timedelta(seconds=seconds)) == at_once


@pytest.mark.parametrize("seconds", [-30, 0])
@time_machine.travel(RECOVERED, tick=False)
def test_right_after_an_outage_five_calls_start_in_a_second_whatever_the_clock_here_says(clock, seconds):
    lane, taken = pacing.Pace(lambda: None), 0
    for _ in range(400):
        clock[0] += 0.01
        calls = lane.allows(32, RECOVERED - timedelta(seconds=seconds))
        lane.took(calls)
        taken += calls
    assert 20 <= taken <= 21


@pytest.mark.parametrize(("seconds", "at_once"), [(0, 2), (30, 10), (61, 10)])
@time_machine.travel(RECOVERED, tick=False)
def test_after_an_outage_its_own_limit_holds_too(clock, seconds, at_once):
    lane = pacing.Pace(lambda: 20)
    clock[0] += 60
    assert lane.allows(32, RECOVERED - timedelta(seconds=seconds)) == at_once


@time_machine.travel(RECOVERED, tick=False)
def test_what_was_started_without_a_limit_does_not_count_against_a_later_one(clock):
    lane = pacing.Pace(lambda: None)
    for _ in range(100):
        lane.took(lane.allows(32, None))
    assert lane.allows(0, None) == 0
    assert lane.allows(32, RECOVERED) == 1
