"""When WhatsApp's lane lets messages out: not while disconnected, and paced after that."""

import time
from functools import partial

import pytest

from whatsapp import lane_hooks
from whatsapp.lane_hooks import CHECK_SECONDS, PACE_SECONDS, WhatsAppLane


class World:
    """What the lane is told of the connection, how often it asked, and its clock."""

    def __init__(self, monkeypatch):
        self.is_disconnected, self.has_held, self.asked, self.held = False, False, 0, 0
        self.patch = monkeypatch.setattr
        self.patch(lane_hooks.connection, "is_disconnected", self.ask)
        self.patch(lane_hooks.outbox, "hold", self.hold)
        self.patch(lane_hooks.outbox, "has_held", lambda: self.has_held)
        self.patch(lane_hooks.random, "uniform", lambda _shortest, longest: longest)
        self.at(0)

    def ask(self):
        self.asked += 1
        return self.is_disconnected

    def hold(self):
        self.held += 1

    def at(self, seconds):
        self.patch(time, "monotonic", partial(float, 1000.0 + seconds))


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def test_connection_is_asked_for_once_a_second(world):
    lane = WhatsAppLane()
    assert [lane.allows(8, under_way) for under_way in (0, 3)] == [8, 8]
    world.is_disconnected = True
    world.at(CHECK_SECONDS * 0.9)
    assert (lane.allows(8, 0), world.asked, world.held) == (8, 1, 0)
    world.at(CHECK_SECONDS)
    assert (lane.allows(8, 0), world.asked, world.held) == (0, 2, 1)


def test_after_a_reconnect_one_message_goes_at_a_time_with_the_pace_of_a_person(world, monkeypatch):
    monkeypatch.setattr(lane_hooks, "_prepared", lambda claims, find: ({}, []))
    monkeypatch.setattr(lane_hooks.outbox, "begin", lambda batch: None)
    monkeypatch.setattr(lane_hooks.in_doubt, "prefetch", lambda batch: None)
    lane = WhatsAppLane()
    lane.prefetch([])  # nothing was held: no pause follows
    world.has_held = True
    assert [lane.allows(8, under_way) for under_way in (1, 0)] == [0, 1]
    lane.prefetch([])
    world.at(PACE_SECONDS[1] * 0.9)
    assert lane.allows(8, 0) == 0
    world.at(PACE_SECONDS[1])
    assert [lane.allows(8, under_way) for under_way in (1, 0)] == [0, 1]
    world.has_held = False
    world.at(PACE_SECONDS[1] + CHECK_SECONDS)
    assert lane.allows(8, 3) == 8
