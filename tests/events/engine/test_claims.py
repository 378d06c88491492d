"""Which deliveries a lane may claim, in which order, and what it finds with them."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.engine import attempt, circuit_breakers, lane, transitions
from events.models import CircuitBreaker, Delivery, Event, Lane
from tests.database import somebody_waits_for_a_lock
from tests.processes import eventually

pytestmark = pytest.mark.django_db


def claimed(service="billing", places=9):
    return [claim.event.payload["id"] for claim in transitions.claim(service, places)]


def all_due():
    """Within one transaction the database's clock stands still, before what is made in it falls due."""
    Delivery.objects.filter(status="queued").update(due_at=timezone.now() - timedelta(minutes=1))


def due(id, **ago):
    """Make the deliveries of this visit due so long ago."""
    Delivery.objects.filter(event__key=f"visit-{id}").update(due_at=timezone.now() - timedelta(**ago))


def test_longest_due_is_claimed_first_and_no_more_than_there_are_places(make_delivery):
    for id in (1, 2, 3):
        make_delivery(id)
        due(id, minutes=id)
    assert claimed(places=2) == [3, 2]
    assert claimed(places=2) == [1]


def test_what_is_due_later_is_not_claimed(make_delivery):
    make_delivery(1)
    due(1, minutes=-1)
    assert claimed() == []


def test_claim_holds_a_lease_and_spends_an_attempt(make_delivery, settings):
    settings.LEASE_SECONDS = 90
    row = make_delivery()
    [claim] = transitions.claim("billing", 1, is_probe=True)
    row.refresh_from_db()
    assert (row.status, row.due_at, row.attempts, row.leased_until) == ("running", None, 1, claim.lease)
    assert row.leased_until - row.claimed_at == timedelta(seconds=90)
    assert (claim.attempts, claim.is_probe, claim.idempotency_key) == (1, True, str(row.idempotency_key))
    assert (claim.service, claim.step, claim.in_doubt_since) == ("billing", "add_hours", None)


def test_claim_says_until_when_it_is_useful_and_since_when_it_is_in_doubt(make_delivery):
    since, until = timezone.now() - timedelta(minutes=5), timezone.now() + timedelta(minutes=5)
    make_delivery()
    Delivery.objects.update(in_doubt_since=since, useful_until=until)
    Event.objects.update(request_id="request-1", trace_id="0af7651916cd43dd8448eb211c80319c")
    [claim] = transitions.claim("billing", 1)
    assert (claim.in_doubt_since, claim.useful_until) == (since, until)
    assert (claim.request_id, claim.trace_id) == ("request-1", "0af7651916cd43dd8448eb211c80319c")


def test_of_one_person_only_the_earliest_due_event_is_claimed_and_none_beside_a_running_one(make_delivery):
    for id in (1, 2):
        make_delivery(id, family="same")
    due(2, minutes=5)  # due for longer, and yet the later event
    assert claimed() == [1]
    assert claimed() == []


def test_person_whose_delivery_runs_keeps_no_stranger_from_being_claimed(make_delivery):
    for id, family in ((1, "one"), (2, "one"), (3, "other")):
        make_delivery(id, family=family)
    due(1, minutes=5)
    assert [claim.event.payload["id"] for claim in transitions.claim("billing", 1)] == [1]
    for id in (2, 3):
        due(id, minutes=5)
    assert claimed() == [3]


def test_earlier_event_that_waits_for_its_retry_lets_the_later_one_pass(make_delivery):
    for id in (1, 2):
        make_delivery(id, family="same")
    all_due()
    due(1, minutes=-5)
    assert claimed() == [2]


def test_person_is_served_by_each_system_on_its_own_and_strangers_do_not_wait_for_each_other(make_event):
    for id in (1, 2):
        make_event(id, family="same", chat=True)
    make_event(3, chat=True)
    all_due()
    assert claimed("billing") == [1, 3]
    assert claimed("chat") == [1, 3]


def test_events_of_nobody_are_claimed_together(make_delivery):
    for id in (1, 2):
        make_delivery(id)
    Delivery.objects.update(subject="")
    all_due()
    assert claimed() == [1, 2]


def test_system_that_holds_keeps_only_its_own_deliveries_back(make_event):
    make_event(1, chat=True)
    for name in ("billing", "chat"):
        CircuitBreaker.objects.get_or_create(service=name)
        Lane.objects.get_or_create(name=name)
    circuit_breakers.pause("chat", actor="user:ana")
    Lane.objects.filter(name="chat").update(not_before=timezone.now() + timedelta(minutes=5))
    Lane.objects.filter(name="billing").update(not_before=timezone.now() - timedelta(minutes=5))
    assert claimed("chat") == []
    assert claimed("billing") == [1]


def test_step_finds_the_result_of_the_one_before_it_in_its_own_event(make_event):
    for id in (1, 2):
        make_event(id, close=True)
    all_due()
    lane.write(
        [
            attempt.finish(claim, {"hours": claim.event.payload["id"]})
            for claim in transitions.claim("billing", 9)
        ]
    )
    found = {claim.event.payload["id"]: claim.event.earlier for claim in transitions.claim("billing", 9)}
    assert found == {1: {"hours": 1}, 2: {"hours": 2}}


def test_event_without_a_phone_knows_only_the_last_one_of_its_own_person(make_event):
    phones = ["5511980000001", "5511980000002", "5511980000003", "", ""]
    families = ["same", "same", "other", "same", "nobody"]
    events = [make_event(id, family=family) for id, family in enumerate(families, start=1)]
    for event, phone in zip(events, phones, strict=True):
        Event.objects.filter(pk=event.pk).update(phone=phone)
    Event.objects.filter(pk=events[4].pk).update(subject="")
    Delivery.objects.filter(event__in=events[:2]).update(status="done", due_at=None)
    all_due()
    found = {claim.event.payload["id"]: claim.event.phone for claim in transitions.claim("billing", 9)}
    assert found == {3: "5511980000003", 4: "5511980000002", 5: ""}


def test_next_due_is_the_earliest_that_is_queued_in_this_system(make_event):
    assert lane.next_due("billing") is None
    for id, minutes in ((1, 5), (2, 9), (3, 1)):
        make_event(id, chat=True)
        due(id, minutes=-minutes)
    Delivery.objects.filter(event__key="visit-3", service="billing").update(status="done", due_at=None)
    first = Delivery.objects.get(event__key="visit-1", service="billing")
    assert lane.next_due("billing") == first.due_at


@pytest.mark.django_db(transaction=True)
def test_claimer_that_comes_second_to_a_person_finds_nothing_and_looks_again(make_delivery):
    rows = [make_delivery(id, family="same").pk for id in (1, 2)]
    found = []

    def second():
        found.append(transitions.claim("billing", 9))
        connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():  # the first claimer, which has not committed yet
        Delivery.objects.filter(pk=rows[1]).update(
            status="running", due_at=None, leased_until=timezone.now() + timedelta(minutes=1), attempts=1
        )
        thread.start()
        assert eventually(somebody_waits_for_a_lock)
    thread.join(20)
    assert found == [[]]
    assert set(Delivery.objects.values_list("pk", "status")) == {(rows[0], "queued"), (rows[1], "running")}
