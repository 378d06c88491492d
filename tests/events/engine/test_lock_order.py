"""Everybody at once on the same few deliveries: nobody meets anybody in a deadlock."""

import contextlib
import random
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from carinho.services.errors import Rejected, Unavailable
from events import event_corrections, operations
from events.engine import attempt, lane, recovery, transitions
from events.engine.transitions import Failure
from events.event_corrections import StaleVersion
from events.intake.envelope import RequestRejected
from events.models import DeadLetter, Delivery
from tests.database import somebody_waits_for_a_lock
from tests.events.engine.consistency import check
from tests.events.engine.test_races import together
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 25


def dead_letters(status):
    return list(DeadLetter.objects.filter(status=status).order_by("?").values_list("pk", flat=True))


def deliveries(status):
    return list(Delivery.objects.filter(status=status).order_by("?").values_list("pk", flat=True))


def ended(claim, chance):
    if chance < 0.4:
        return attempt.finish(claim, {"hours": 7})
    if chance < 0.7:
        return attempt.fail(claim, "rejected", Rejected("No", doing="add hours", system="Billing"))
    error = Unavailable("Later", doing="add hours", system="Billing")
    result = attempt.retry_later(claim, error)
    result.due_at = timezone.now() if result.status == "queued" else None
    return result


def draining(rng):
    results = [ended(claim, rng.random()) for claim in transitions.claim("billing", 6)]
    rng.shuffle(results)
    if results:
        lane.write(results)


def operator(rng):
    rng.choice(
        [
            lambda: operations.retry(dead_letters("open"), actor="user:ana"),
            lambda: operations.take_back(dead_letters("retrying"), actor="user:ana"),
            lambda: operations.archive(dead_letters("open")[:3], actor="user:ana"),
            lambda: operations.restore(dead_letters("archived"), actor="user:ana"),
            lambda: operations.try_now(deliveries("queued"), actor="user:ana"),
            lambda: operations.give_up(deliveries("queued")[:2], actor="user:ana"),
            lambda: operations.cancel(deliveries("queued")[:1], actor="user:ana"),
        ]
    )()


def corrector(rng):
    """Two events at once, and steps that come and go with the data."""
    for key in dead_letters("open")[:1]:
        row = DeadLetter.objects.select_related("event").get(pk=key)
        data = event_corrections.as_sent(row.event) | {
            "family": f"f-{rng.randrange(9)}",
            "close": rng.random() < 0.5,
        }
        version = event_corrections.version_of(row)
        with contextlib.suppress(RequestRejected, StaleVersion):  # nothing changed, or somebody was first
            made = event_corrections.correct(row, data, version=version, actor="user:bia", reason="?")
            event_corrections.repeat(made, dead_letters("open"), actor="user:bia")


def receipt(rng):
    for id in deliveries("dead")[:3]:
        transitions.confirm(id)
    for id in deliveries("done")[:3]:
        transitions.mark_failed(id, cause="refused_later", reason="Failed to add hours in Billing: No")


def recovering(rng):
    recovery.expire()
    recovery.return_lapsed()
    recovery.give_up_held()


def test_lanes_operators_receipts_and_recovery_at_once_meet_no_deadlock(make_event, monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)
    for number in range(1, 9):
        make_event(number, close=True)
    errors = []

    def repeat(act, seed):
        rng = random.Random(seed)
        try:
            for _ in range(ROUNDS):
                act(rng)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the test shows it
            errors.append(repr(error))
        finally:
            connection.close()

    parts = [
        (draining, 1),
        (draining, 2),
        (operator, 3),
        (operator, 4),
        (receipt, 5),
        (receipt, 6),
        (recovering, 7),
    ]
    parts += [(corrector, 8), (corrector, 9)]
    threads = [threading.Thread(target=repeat, args=part) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    check()


def test_dead_letter_opened_while_somebody_waits_for_its_delivery_is_theirs(make_event, monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)
    delivery = make_event(1).deliveries.get(status="queued")
    is_failed, is_held = threading.Event(), threading.Event()

    @transaction.atomic
    def fails_late():
        transitions.fail_held([Failure(delivery.pk, "unavailable", "held_too_long", "Late")], error="Late")
        is_failed.set()
        assert eventually(somebody_waits_for_a_lock)

    @transaction.atomic
    def retries():
        assert is_failed.wait(60)
        transitions.lock([delivery.pk])
        is_held.set()
        assert eventually(somebody_waits_for_a_lock)
        return operations.retry([DeadLetter.objects.get().pk], actor="user:ana")

    def receives():
        assert is_held.wait(60)
        return transitions.confirm(delivery.pk)

    _, retried, is_confirmed = together(fails_late, retries, receives)
    assert (len(retried), is_confirmed) == (1, True)
    check()
