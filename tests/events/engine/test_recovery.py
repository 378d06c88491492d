"""What recovery finds that no lane notices, and how it goes on until nothing is left."""

from datetime import timedelta

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAway

from events.engine import recovery, wakeup
from events.models import CircuitBreaker, DeadLetter, Delivery, Lane
from tests.events.conftest import Billing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def messages(monkeypatch):
    """The lanes that a worker was asked to drain."""
    sent = []
    monkeypatch.setattr(wakeup, "send_message", sent.append)
    monkeypatch.setattr(wakeup, "notified_at", {})
    return sent


def ago(**span):
    return timezone.now() - timedelta(**span)


def lapse(rows, attempts=1):
    lapsed = ago(seconds=1)
    rows.update(
        status="running",
        due_at=None,
        claimed_at=lapsed - timedelta(seconds=89),
        leased_until=lapsed,
        attempts=attempts,
    )


def test_recovery_goes_on_until_no_batch_is_full(make_delivery, monkeypatch):
    monkeypatch.setattr(recovery, "BATCH", 2)
    rows = [make_delivery(id).pk for id in range(1, 10)]
    lapsed, expired, held = rows[:3], rows[3:6], rows[6:]
    lapse(Delivery.objects.filter(pk__in=lapsed))
    Delivery.objects.filter(pk__in=expired).update(useful_until=ago(seconds=1))
    Delivery.objects.filter(pk__in=held).update(held_since=ago(hours=25))
    CircuitBreaker.objects.update_or_create(service="billing", defaults={"outage_since": ago(hours=25)})
    recovery.recover_all()
    statuses = dict(Delivery.objects.values_list("pk", "status"))
    assert {statuses[pk] for pk in lapsed} == {"queued"}
    assert {statuses[pk] for pk in expired} == {"skipped"}
    assert {statuses[pk] for pk in held} == {"dead"}


def test_worker_that_was_lost_on_every_attempt_leaves_the_delivery_to_a_person(make_delivery, caplog):
    row = make_delivery()
    lapse(Delivery.objects, attempts=5)
    assert recovery.return_lapsed() == 1
    letter = DeadLetter.objects.get()
    assert (letter.kind, letter.cause, letter.reason) == (
        "unknown",
        "worker_lost",
        "Failed to deliver to Billing: Worker lost on every attempt",
    )
    lost = row.attempt_log.get()
    assert (lost.outcome, lost.duration_ms, lost.is_probe) == ("unknown", 89_000, False)
    written = "The worker died before the end of this attempt was written"
    assert (lost.error, lost.sent, lost.answered, lost.status_code) == (written, "", "", None)
    [logged] = caplog.records
    assert (logged.message, logged.deliveries) == ("Lapsed leases were returned", [row.pk])
    assert recovery.return_lapsed() == 0
    assert caplog.records == [logged]


def test_system_that_no_release_knows_any_more_is_never_repeated(make_delivery):
    make_delivery()
    Delivery.objects.update(service="telex")
    lapse(Delivery.objects)
    assert recovery.return_lapsed() == 1
    letter = DeadLetter.objects.get()
    assert (letter.cause, letter.reason) == (
        "unknown_outcome",
        "Failed to deliver to telex: Outcome unknown after a crash",
    )


@pytest.mark.parametrize(
    ("recognises_repeats", "looks_first", "status", "is_in_doubt"),
    [(True, False, "queued", False), (False, True, "queued", True), (False, False, "dead", False)],
)
def test_lapsed_attempt_is_repeated_only_where_its_system_bears_it_or_finds_the_first(
    make_delivery, monkeypatch, recognises_repeats, looks_first, status, is_in_doubt
):
    monkeypatch.setattr(Billing, "can_repeat", recognises_repeats)
    monkeypatch.setattr(Billing, "looks_first", looks_first)
    row = make_delivery()
    lapse(Delivery.objects)
    assert recovery.return_lapsed() == 1
    row.refresh_from_db()
    assert (row.status, row.in_doubt_since) == (status, row.claimed_at if is_in_doubt else None)


def test_lease_that_runs_and_what_is_not_running_are_left_alone(make_delivery):
    make_delivery(1)
    running = make_delivery(2)
    lapse(Delivery.objects.filter(pk=running.pk))
    Delivery.objects.filter(pk=running.pk).update(leased_until=timezone.now() + timedelta(minutes=1))
    assert recovery.return_lapsed() == 0


@pytest.mark.parametrize("mark", ["outage_since", "paused_at", "offline_since"])
def test_whatever_holds_a_system_for_too_long_hands_its_deliveries_to_a_person(make_delivery, mark):
    make_delivery()
    Delivery.objects.update(due_at=ago(hours=25))
    CircuitBreaker.objects.update_or_create(service="billing", defaults={mark: ago(hours=25)})
    assert recovery.give_up_held() == 1
    letter = DeadLetter.objects.get()
    assert (letter.cause, letter.reason) == (
        "held_too_long",
        "Failed to deliver to Billing: Held for over 24 hours",
    )


@pytest.mark.parametrize(
    ("held", "due", "down"),
    [(None, 25, 23), (None, 23, 25), (23, 25, 25), (None, 25, None)],
)
def test_what_is_not_held_for_so_long_waits_on(make_delivery, held, due, down):
    make_delivery()
    Delivery.objects.update(due_at=ago(hours=due), held_since=held and ago(hours=held))
    CircuitBreaker.objects.update_or_create(
        service="billing", defaults={"outage_since": down and ago(hours=down)}
    )
    assert recovery.give_up_held() == 0


def test_failed_probe_does_not_make_a_held_delivery_wait_anew(make_delivery):
    make_delivery()
    Delivery.objects.update(held_since=ago(hours=25))
    CircuitBreaker.objects.update_or_create(service="billing", defaults={"outage_since": ago(hours=25)})
    assert recovery.give_up_held() == 1


def test_what_may_have_been_sent_and_what_is_useful_still_does_not_expire(make_delivery):
    doubtful, useful = make_delivery(1), make_delivery(2)
    Delivery.objects.filter(pk=doubtful.pk).update(useful_until=ago(seconds=1), in_doubt_since=ago(seconds=9))
    Delivery.objects.filter(pk=useful.pk).update(useful_until=timezone.now() + timedelta(minutes=1))
    assert recovery.expire() == 0


def test_what_waits_for_another_step_expires_too(make_event):
    event = make_event(close=True)
    event.deliveries.filter(step="close_visit").update(useful_until=ago(seconds=1))
    assert recovery.expire() == 1


@pytest.mark.parametrize(
    ("lane", "delivery", "is_woken"),
    [
        ({}, {}, True),
        ({"woken_at": timedelta(seconds=-6)}, {}, True),
        ({"woken_at": timedelta(seconds=-1)}, {}, False),
        ({"listening_until": timedelta(seconds=-1)}, {}, True),
        ({"listening_until": timedelta(seconds=9)}, {}, False),
        ({"not_before": timedelta(seconds=-1)}, {}, True),
        ({"not_before": timedelta(seconds=60)}, {}, False),
        ({}, {"due_at": timedelta(seconds=60)}, False),
        ({}, {"service": "chat"}, False),
        ({}, {"status": "waiting", "due_at": None}, False),
    ],
)
def test_lane_is_woken_while_it_has_due_work_and_nobody_else_sees_to_it(
    make_delivery, messages, lane, delivery, is_woken
):
    def moments(columns):
        return {
            name: timezone.now() + value if isinstance(value, timedelta) else value
            for name, value in columns.items()
        }

    make_delivery()
    Delivery.objects.update(**moments(delivery))
    Lane.objects.filter(name="chat").delete()
    Lane.objects.update_or_create(
        name="billing",
        defaults={"woken_at": None, "listening_until": None, "not_before": None} | moments(lane),
    )
    messages.clear()
    recovery.recover_all()
    assert messages == (["billing"] if is_woken else [])


def test_broker_that_is_away_is_logged_and_harms_nothing(monkeypatch, caplog):
    monkeypatch.undo()

    def away(*_, **__):
        raise BrokerAway("refused")

    monkeypatch.setattr(wakeup.app, "send_task", away)
    wakeup.send_message("billing")
    assert [(record.message, record.lane) for record in caplog.records] == [
        ("Wake-up could not be sent", "billing")
    ]
