"""A correction makes several moves in one transaction: it locks in the order in which each alone does."""

import threading

import pytest

from events import event_corrections, operations
from events.engine import transitions
from events.engine.transitions import Failure
from events.models import DeadLetter, Delivery
from tests.database import somebody_waits_for_a_lock
from tests.events.engine.consistency import check
from tests.events.engine.test_races import together
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def test_correction_that_archives_one_step_and_sends_another_again_meets_no_deadlock(make_event, monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)
    first, second = make_event(1, chat=True), make_event(2, chat=True)
    queued = Delivery.objects.filter(status="queued").values_list("pk", flat=True)
    held = [Failure(id, "unavailable", "held_too_long", "Late") for id in queued]
    transitions.fail_held(held, error="Late")
    item = DeadLetter.objects.select_related("event").get(event=first, step="add_hours")
    others = list(DeadLetter.objects.filter(event=second).values_list("pk", flat=True))
    assert len(others) == 2
    is_between_its_moves = threading.Event()
    add = transitions.add

    def add_late(rows):
        is_between_its_moves.set()
        assert eventually(somebody_waits_for_a_lock)
        add(rows)

    monkeypatch.setattr(transitions, "add", add_late)

    def corrects():
        data = event_corrections.as_sent(item.event) | {"chat": False}
        version = event_corrections.version_of(item)
        return event_corrections.correct(item, data, version=version, actor="user:bia", reason="?")

    def retries():
        assert is_between_its_moves.wait(60)
        return operations.retry(others, actor="user:ana")

    _, retried = together(corrects, retries)
    assert sorted(retried) == sorted(others)
    assert dict(first.dead_letters.values_list("step", "status")) == {
        "add_hours": "retrying",
        "tell_family": "archived",
    }
    check()
