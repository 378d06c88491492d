"""When a lane polls for work, and that it need not ask when the next falls due before it polls anyway."""

import time
from functools import partial

import pytest

from events.engine.polling import BUSY_SECONDS, TOGETHER_SECONDS, Polling


@pytest.fixture
def clock(monkeypatch):
    """Moves time.monotonic to so many seconds after the start of the test."""
    started = time.monotonic()
    return lambda seconds: monkeypatch.setattr(time, "monotonic", partial(float, started + seconds))


def test_lane_that_found_less_than_it_had_room_for_waits_for_what_comes():
    polling = Polling()
    polling.polled(found=0, wanted=8)
    assert not polling.is_time()
    assert not polling.polls_before(1.0)


def test_lane_that_was_notified_or_ended_a_call_polls_again_in_a_moment(clock):
    clock(0)
    for happens in (Polling.notified, Polling.ended):
        polling = Polling()
        polling.polled(found=0, wanted=8)
        happens(polling)
        assert not polling.is_time()
        assert polling.polls_before(1.0)
        assert polling.shorten(1.0) <= TOGETHER_SECONDS * 1.25


def test_poll_that_a_lane_could_not_take_keeps_it_from_no_sleep(clock):
    polling = Polling()
    clock(0)
    polling.notified()
    clock(1)
    assert polling.is_time()  # and the system is held, so nothing is claimed
    assert polling.shorten(1.0) == 1.0


def test_poll_that_falls_due_after_the_lane_asked_is_taken_at_once(clock):
    polling = Polling()
    clock(0)
    polling.polled(found=0, wanted=8)
    polling.notified()
    assert not polling.is_time()
    clock(1)
    assert polling.shorten(1.0) == 0.0
    assert polling.is_time()


def test_lane_that_was_notified_polls_once_more_when_its_sender_may_send_the_next_wake_up(clock):
    polling = Polling()
    clock(0)
    assert polling.is_time()
    polling.polled(found=0, wanted=8)
    polling.notified()
    clock(TOGETHER_SECONDS * 1.1)
    assert polling.is_time()
    polling.polled(found=0, wanted=8)
    clock(TOGETHER_SECONDS * 1.2)
    assert not polling.is_time()
    clock(TOGETHER_SECONDS * 2.2)
    assert polling.is_time()
    polling.polled(found=0, wanted=8)
    clock(60)
    assert not polling.is_time()


def test_lane_sleeps_until_the_sooner_of_what_it_waits_for(clock):
    polling = Polling()
    clock(0)
    polling.polled(found=0, wanted=8)
    polling.notified()
    assert polling.shorten(1.0) == pytest.approx(TOGETHER_SECONDS)


def test_lane_is_not_idle_while_its_next_poll_may_find_something(clock):
    polling = Polling()
    clock(0)
    polling.polled(found=1, wanted=8)
    assert not polling.is_put_off()  # nothing happened since
    polling.ended()
    assert polling.is_put_off()
    clock(TOGETHER_SECONDS)
    assert not polling.is_put_off()  # it polls now


@pytest.mark.parametrize(
    ("found", "waits"), [(0, TOGETHER_SECONDS), (1, TOGETHER_SECONDS), (2, BUSY_SECONDS), (8, 0.0)]
)
def test_the_more_come_the_longer_a_lane_that_keeps_up_waits_for_them(monkeypatch, found, waits):
    polling = Polling()
    for now, finds in ((1000.0, 1), (1000.03, found)):  # the first after a long time says nothing of now
        monkeypatch.setattr(time, "monotonic", partial(float, now))
        polling.polled(found=finds, wanted=8)
    assert max(polling.not_before - now, 0.0) == pytest.approx(waits)
