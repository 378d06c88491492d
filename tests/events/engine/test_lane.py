"""A lane on the real database, with the other system at the wire."""

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pycurl
import pytest
import requests
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone
from responses import matchers

from carinho.services.errors import NotOffered
from carinho.services.rate_limits import Allowance
from events import operations
from events.engine import attempt, circuit_breakers, lane, lane_hooks, recovery, transitions
from events.models import Attempt, CircuitBreaker, DeadLetter, Delivery, Event, Lane
from tests.events.conftest import BILLING, Billing
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60  # seconds; a lane that has nothing to do ends before


@pytest.fixture(autouse=True)
def shared_rows(db):
    for name in ("billing", "chat"):
        CircuitBreaker.objects.get_or_create(service=name)


def drain(name="billing", **limits):
    return lane.drain(name, **({"seconds": PATIENCE, "linger": 0.05} | limits))


def drain_until_done():
    """A lane that just recovered takes its deliveries one by one, and may end before its last."""

    def is_done():
        drain(linger=1.5)
        return not Delivery.objects.filter(status="queued").exists()

    assert eventually(is_done, PATIENCE)


def due_now(**filters):
    Delivery.objects.filter(status="queued", **filters).update(due_at=timezone.now())


def test_due_delivery_is_sent_with_its_own_key_and_its_event_is_processed(make_delivery, calls):
    delivery = make_delivery()
    own_key = matchers.header_matcher({"Idempotency-Key": str(delivery.idempotency_key)})
    calls.put(f"{BILLING}/visits/42/hours", json={"hours": 7}, match=[own_key])
    assert drain() == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.result, delivery.attempts) == ("done", {"hours": 7}, 1)
    assert delivery.event.status == "processed"
    attempt = delivery.attempt_log.get()
    assert (attempt.outcome, attempt.status_code) == ("done", 200)
    assert '"minutes": 60' in attempt.sent


def test_later_step_runs_with_the_result_of_the_earlier_one(make_event, calls):
    event = make_event(close=True)
    calls.put(f"{BILLING}/visits/42/hours", json={"hours": 7})
    calls.post(f"{BILLING}/visits/7/close", status=204)
    drain()
    assert set(event.deliveries.values_list("step", "status")) == {
        ("add_hours", "done"),
        ("close_visit", "done"),
    }
    event.refresh_from_db()
    assert event.status == "processed"


def test_unavailable_system_means_another_attempt_a_minute_later(make_delivery, calls, settings):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=503)
    drain()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("queued", 1)
    wait = (delivery.due_at - timezone.now()).total_seconds()
    assert 50 < wait < 67
    assert delivery.event.status == "processing"


def test_retry_after_longer_than_our_wait_is_obeyed(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=429, headers={"Retry-After": "1800"})
    drain()
    delivery.refresh_from_db()
    assert (delivery.due_at - timezone.now()) > timedelta(minutes=29)


def test_fifth_unavailable_answer_makes_a_dead_letter_that_says_why(make_delivery, calls, settings):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=503)
    settings.BREAKER_FAILURES = 100
    for _ in range(5):
        due_now()
        drain()
    dead_letter = DeadLetter.objects.get(delivery=delivery)
    assert dead_letter.reason == "Failed to add hours in Billing: Max retries exceeded (billing answered 503)"
    assert (dead_letter.status, dead_letter.kind, dead_letter.cause) == (
        "open",
        "unavailable",
        "max_retries_exceeded",
    )
    assert dead_letter.event.status == "failed"
    assert Attempt.objects.filter(delivery=delivery).count() == 5


def test_rejected_delivery_dies_without_another_attempt(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=422, json={"message": "Invalid phone number"})
    drain()
    dead_letter = DeadLetter.objects.get(delivery=delivery)
    assert dead_letter.reason == "Failed to add hours in Billing: Invalid phone number"
    assert dead_letter.cause == "invalid_phone_number"
    assert len(calls.calls) == 1


def test_what_a_system_does_not_offer_yet_is_skipped_with_what_follows_and_no_dead_letter(
    make_event, monkeypatch
):
    def add_hours(*_args, **_more):
        raise NotOffered("Billing does not offer this yet", doing="add hours", system="Billing")

    monkeypatch.setattr(Billing, "add_hours", add_hours)
    event = make_event(close=True)
    drain()
    assert set(event.deliveries.values_list("step", "status", "skip_cause", "attempts")) == {
        ("add_hours", "skipped", "unoffered", 0),
        ("close_visit", "skipped", "earlier", 0),
    }
    event.refresh_from_db()
    assert event.status == "processed"
    assert not DeadLetter.objects.exists()


def test_our_own_mistake_is_shown_as_a_sentence_and_logged_with_its_traceback(make_event, calls, caplog):
    event = make_event(close=True)
    calls.put(f"{BILLING}/visits/42/hours", json={"unexpected": 1})
    drain()
    dead_letter = event.dead_letters.get()
    assert (dead_letter.step, dead_letter.kind, dead_letter.reason) == (
        "close_visit",
        "broken",
        "Broken: KeyError in our own code",
    )
    assert any(record.exc_info for record in caplog.records)


def test_failed_retry_opens_the_item_again_with_a_count_and_success_closes_it(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=422)
    drain()
    dead_letter = DeadLetter.objects.get()
    assert operations.retry([dead_letter.pk], actor="user:ana") == [dead_letter.pk]
    assert operations.retry([dead_letter.pk], actor="user:bia") == []
    drain()
    dead_letter.refresh_from_db()
    assert (dead_letter.status, dead_letter.failures) == ("open", 2)
    calls.replace("PUT", f"{BILLING}/visits/42/hours", json={})
    operations.retry([dead_letter.pk], actor="user:ana")
    drain()
    dead_letter.refresh_from_db()
    assert dead_letter.status == "resolved"
    keys = {call.request.headers["Idempotency-Key"] for call in calls.calls}
    assert keys == {str(delivery.idempotency_key)}
    assert Event.objects.get().status == "processed"


def test_archive_skips_what_waited_for_it_and_restore_brings_both_back(make_event, calls):
    event = make_event(close=True)
    calls.put(f"{BILLING}/visits/42/hours", status=422)
    drain()
    dead_letter = event.dead_letters.get()
    assert operations.archive([dead_letter.pk], actor="user:ana", reason="Feito à mão") == [dead_letter.pk]
    event.refresh_from_db()
    assert event.status == "archived"
    assert set(event.deliveries.values_list("status", "skip_cause")) == {
        ("skipped", "archived"),
        ("skipped", "earlier"),
    }
    assert operations.restore([dead_letter.pk], actor="user:ana") == [dead_letter.pk]
    event.refresh_from_db()
    assert event.status == "failed"
    assert set(event.deliveries.values_list("status", flat=True)) == {"dead", "waiting"}


def test_open_circuit_holds_without_spending_attempts_and_one_probe_finds_out(make_delivery, calls, settings):
    settings.BREAKER_FAILURES = 3
    for id in range(1, 8):
        make_delivery(id)
        calls.put(f"{BILLING}/visits/{id}/hours", status=503)
    drain()
    breaker = CircuitBreaker.objects.get(service="billing")
    assert breaker.state == "open"
    assert breaker.outage_since is not None
    spent = Attempt.objects.count()
    assert sum(Delivery.objects.values_list("attempts", flat=True)) == spent
    due_now()
    drain()
    assert Attempt.objects.count() == spent


def test_failed_probe_costs_no_attempt_and_doubles_the_wait(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=503)
    hour_ago = timezone.now() - timedelta(hours=1)
    CircuitBreaker.objects.filter(service="billing").update(
        state="open", trips=1, opened_at=hour_ago, outage_since=hour_ago, version=5
    )
    drain()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.attempt_log.get().is_probe) == ("queued", 0, True)
    assert delivery.held_since is not None
    breaker = CircuitBreaker.objects.get(service="billing")
    assert (breaker.state, breaker.trips, breaker.outage_since) == ("open", 2, hour_ago)
    assert 110 < (breaker.next_probe_at - breaker.opened_at).total_seconds() < 130


def test_two_good_probes_close_the_circuit_and_the_rest_follows(make_delivery, calls):
    for id in range(1, 6):
        make_delivery(id)
        calls.put(f"{BILLING}/visits/{id}/hours", json={})
    hour_ago = timezone.now() - timedelta(hours=1)
    CircuitBreaker.objects.filter(service="billing").update(
        state="open", trips=1, opened_at=hour_ago, outage_since=hour_ago, version=5
    )
    drain_until_done()
    breaker = CircuitBreaker.objects.get(service="billing")
    assert (breaker.state, breaker.outage_since, breaker.trips) == ("closed", None, 0)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"done"}


def probe_is_due(**columns):
    """Billing has been away for an hour, and its next probe is due."""
    hour_ago = timezone.now() - timedelta(hours=1)
    away = {"state": "open", "trips": 4, "opened_at": hour_ago, "outage_since": hour_ago} | columns
    CircuitBreaker.objects.filter(service="billing").update(**away, version=F("version") + 1)


def dead():
    return Delivery.objects.filter(status="dead").count()


def test_system_that_refuses_each_probe_is_not_back_and_costs_one_delivery_a_wait(make_delivery, calls):
    for id in range(1, 9):
        make_delivery(id)
        calls.put(f"{BILLING}/visits/{id}/hours", status=422, json={"message": "Closed for today"})
    waits = []
    for refused in range(1, 4):
        probe_is_due(**({"trips": F("trips")} if refused > 1 else {}))
        drain(linger=0.2)
        breaker = CircuitBreaker.objects.get(service="billing")
        assert (breaker.state, breaker.refuses, breaker.closed_at) == ("open", True, None)
        assert breaker.last_error == "Failed to add hours in Billing: Closed for today (answered 422)"
        assert (dead(), Attempt.objects.count()) == (refused, refused)
        waits.append(round((breaker.next_probe_at - breaker.opened_at).total_seconds()))
    assert waits == [60, 120, 240]
    assert set(Delivery.objects.filter(status="queued").values_list("attempts", flat=True)) == {0}
    for id in range(1, 9):
        calls.upsert("PUT", f"{BILLING}/visits/{id}/hours", json={})
    probe_is_due()
    drain_until_done()
    breaker.refresh_from_db()
    assert (breaker.state, breaker.refused_since, breaker.outage_since) == ("closed", None, None)
    assert (dead(), Delivery.objects.filter(status="done").count()) == (3, 5)


def test_system_that_took_a_probe_is_back_though_it_refuses_the_next(make_delivery, calls):
    for id, status in enumerate([200, 422, 200, 200], start=1):
        make_delivery(id)
        calls.put(f"{BILLING}/visits/{id}/hours", status=status, json={})
    probe_is_due()
    drain_until_done()
    breaker = CircuitBreaker.objects.get(service="billing")
    assert (breaker.state, breaker.refused_since) == ("closed", None)
    assert (dead(), Delivery.objects.filter(status="done").count()) == (1, 3)


def test_refusal_of_a_call_that_began_before_the_circuit_opened_says_nothing_of_a_probe():
    shared = circuit_breakers.SharedBreaker("billing", circuit_breakers.Breaker("billing", failures=1))
    shared.load()
    shared.refuse("Invalid visit")
    assert shared.breaker.current_state == "closed"


@pytest.mark.parametrize("status", [302, 304])
def test_redirect_is_not_success(make_delivery, calls, status):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=status)
    drain()
    assert (
        DeadLetter.objects.get(delivery=delivery).reason
        == f"Failed to add hours in Billing: billing answered {status}"
    )


def test_unreadable_200_is_never_repeated_where_a_repeat_would_be_seen(make_event, calls):
    event = make_event(chat=True)
    calls.post(f"{BILLING}/visits/42/close", body="<html>")
    drain("chat")
    assert event.deliveries.get(service="chat").status == "dead"
    assert event.dead_letters.get().cause == "unknown_outcome"


def test_certificate_that_is_not_accepted_sent_nothing_and_is_tried_again(make_event, calls):
    event = make_event(chat=True)
    calls.post(f"{BILLING}/visits/42/close", body=requests.exceptions.SSLError("bad certificate"))
    drain("chat")
    delivery = event.deliveries.get(service="chat")
    assert (delivery.status, delivery.error) == (
        "queued",
        "Failed to close visit in Chat: Certificate not accepted",
    )


def test_results_survive_a_database_that_goes_away_for_a_moment(make_delivery, calls, monkeypatch):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", json={})
    write, failures = lane.write, [OperationalError("gone"), OperationalError("gone")]

    def write_later(results):
        if failures:
            raise failures.pop()
        write(results)

    monkeypatch.setattr(lane, "write", write_later)
    drain()
    delivery.refresh_from_db()
    assert (delivery.status, len(calls.calls)) == ("done", 1)


def test_paused_system_sends_nothing_until_somebody_resumes_it(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", json={})
    circuit_breakers.pause("billing", actor="user:ana", reason="Manutenção")
    assert drain() == 0
    circuit_breakers.resume("billing", actor="user:ana")
    assert drain(linger=0.5) == 1
    delivery.refresh_from_db()
    assert delivery.status == "done"


def test_reset_by_a_person_stands_against_what_the_lane_still_thinks(make_delivery, calls):
    lane = circuit_breakers.SharedBreaker("billing", circuit_breakers.Breaker("billing", failures=1))
    lane.load()
    circuit_breakers.reset("billing", actor="user:ana")
    lane.breaker.open()
    lane.save()
    assert CircuitBreaker.objects.get(service="billing").state == "closed"


class SlowSystem:
    """The system at the wire, which keeps each call until it is told to answer."""

    def __init__(self, calls, method="PUT", path="hours", ids=range(1, 60), status=200):
        self.arrived, self.may_answer, self.status = threading.Semaphore(0), threading.Event(), status
        for id in ids:
            calls.add_callback(method, f"{BILLING}/visits/{id}/{path}", callback=self.answer)

    def answer(self, request):
        self.arrived.release()
        assert self.may_answer.wait(PATIENCE)
        return self.status, {}, "{}"


@contextmanager
def lane_at_work(name="billing", **limits):
    """The lane drains in a thread of its own, as in a worker; it is waited for in the end."""

    def work():
        try:
            drain(name, **limits)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE)


def hold_by_pause():
    circuit_breakers.pause("billing", actor="user:ana")


def hold_offline():
    circuit_breakers.set_offline("billing", timezone.now())


@pytest.fixture
def drains(monkeypatch):
    """The drains that began."""
    begun, run = [], lane.Drain.run

    def begin(self):
        begun.append(self)
        return run(self)

    monkeypatch.setattr(lane.Drain, "run", begin)
    return begun


@pytest.mark.parametrize("hold", [hold_by_pause, hold_offline])
def test_what_was_claimed_and_not_begun_is_handed_back_when_the_system_is_held(
    make_delivery, calls, hold, drains
):
    for id in range(1, 41):
        make_delivery(id)
    system = SlowSystem(calls)
    with lane_at_work(linger=3):
        for _ in range(16):  # all threads are at a call; the others wait for a thread
            assert system.arrived.acquire(timeout=PATIENCE)
        hold()
        late = make_delivery(41)
        until(lambda: drains[0].breaker.holds_all)
        system.may_answer.set()
    assert len(calls.calls) == 16
    assert Delivery.objects.filter(status="queued", attempts=0).count() == 25
    late.refresh_from_db()
    assert late.status == "queued"


def test_what_was_claimed_and_not_begun_is_handed_back_when_the_lane_ends(make_delivery, calls, monkeypatch):
    for id in range(1, 41):
        make_delivery(id)
    stops, ends = threading.Event(), threading.Event()
    monkeypatch.setattr(lane, "stopping", stops)
    monkeypatch.setattr(lane.Drain, "_renew_if_possible", lambda _drain: ends.set())
    system = SlowSystem(calls)
    with lane_at_work(linger=PATIENCE):
        for _ in range(16):
            assert system.arrived.acquire(timeout=PATIENCE)
        stops.set()
        assert ends.wait(PATIENCE)
        system.may_answer.set()
    assert len(calls.calls) == 16
    assert Delivery.objects.filter(status="queued", attempts=0).count() == 24


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_system_that_asked_to_be_left_alone_is_left_alone_by_the_next_lane_too(make_delivery, calls):
    make_delivery(1)
    calls.put(f"{BILLING}/visits/1/hours", status=429, headers={"Retry-After": "120"})
    drain()
    make_delivery(2)
    drain()  # another worker's, an idle minute later
    assert len(calls.calls) == 1
    rest = Lane.objects.get(name="billing").not_before - timezone.now()
    assert timedelta(minutes=1) < rest <= timedelta(minutes=2)
    Lane.objects.update(woken_at=None, listening_until=None)
    recovery.recover_all()
    assert Lane.objects.get(name="billing").woken_at is None


def test_lane_rests_when_its_system_leaves_no_call_though_all_went_well(make_delivery, calls, monkeypatch):
    monkeypatch.setattr(Billing.shared_transport(), "allowance", None)
    row = make_delivery(1)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "90"}
    calls.put(f"{BILLING}/visits/1/hours", json={"hours": 7}, headers=headers)
    drain()
    row.refresh_from_db()
    assert row.status == "done"
    rest = Lane.objects.get(name="billing").not_before - timezone.now()
    assert timedelta(minutes=1) < rest <= timedelta(seconds=90)


def test_lane_that_ends_leaves_no_connection_open():
    adapter = Billing.shared_transport().session.get_adapter(BILLING)
    adapter.idle.append(pycurl.Curl())  # as after a call, which the tests answer without one
    drain(linger=0)
    assert not adapter.idle


def test_lane_goes_at_the_pace_that_its_systems_answers_leave(make_delivery, calls, monkeypatch):
    monkeypatch.setattr(Billing.shared_transport(), "allowance", Allowance(remaining=1, seconds=600))
    for number in range(1, 6):
        make_delivery(number)
        calls.put(f"{BILLING}/visits/{number}/hours", json={"hours": 7})
    calls.assert_all_requests_are_fired = False
    drain()
    assert len(calls.calls) == 1


def test_lease_is_renewed_while_a_call_takes_longer_than_it(
    make_delivery, calls, settings, monkeypatch, drains
):
    monkeypatch.setattr(lane, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(attempt, "SENDING_TAKES", 0)
    settings.LEASE_SECONDS = 6
    row = make_delivery(1)
    system = SlowSystem(calls)
    with lane_at_work():
        assert system.arrived.acquire(timeout=PATIENCE)
        drains[0].ends = 0.0  # the lane's time is over before the call
        first_lease = Delivery.objects.get(pk=row.pk).leased_until
        until(lambda: timezone.now() > first_lease)
        assert recovery.return_lapsed() == 0
        system.may_answer.set()
    row.refresh_from_db()
    assert (row.status, row.attempts, len(calls.calls)) == ("done", 1, 1)


class Breaking(lane_hooks.LaneHooks):
    """Knows something of every delivery, and breaks on one."""

    def __init__(self, broken, error):
        self.broken, self.error = broken, error

    def prefetch(self, claims):
        if self.broken in [claim.id for claim in claims]:
            raise self.error
        return {}


def test_delivery_that_breaks_the_lane_hooks_is_for_a_person_and_the_others_go_out(
    make_delivery, calls, monkeypatch
):
    rows = [make_delivery(id) for id in range(1, 4)]
    for id in range(1, 4):
        calls.put(f"{BILLING}/visits/{id}/hours", json={})
    monkeypatch.setitem(lane_hooks.registry, "billing", Breaking(rows[1].pk, KeyError("one of them")))
    drain(linger=0.3)
    statuses = {row.pk: Delivery.objects.get(pk=row.pk).status for row in rows}
    assert [statuses[row.pk] for row in rows] == ["done", "dead", "done"]
    assert DeadLetter.objects.get().kind == "broken"


def test_claims_are_handed_back_when_the_lane_hooks_find_the_database_away(make_delivery, calls, monkeypatch):
    row = make_delivery(1)
    monkeypatch.setitem(lane_hooks.registry, "billing", Breaking(row.pk, OperationalError("gone")))
    with pytest.raises(OperationalError):
        drain()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("queued", 0)


def test_call_that_was_made_is_not_lost_when_the_lane_hooks_break_on_its_outcome(
    make_delivery, calls, monkeypatch
):
    class BreaksAfterwards(lane_hooks.LaneHooks):
        def on_written(self, results):
            raise LookupError("its row is gone")

    make_delivery(1)
    calls.put(f"{BILLING}/visits/1/hours", json={})
    monkeypatch.setitem(lane_hooks.registry, "billing", BreaksAfterwards())
    drain()
    assert (DeadLetter.objects.get().kind, len(calls.calls)) == ("broken", 1)


def test_one_person_is_served_in_the_order_of_the_events(make_delivery, calls):
    for id in range(1, 9):
        make_delivery(id, family="same")
        calls.put(f"{BILLING}/visits/{id}/hours", json={})
    drain(linger=0.5)
    sent = [call.request.path_url.split("/")[2] for call in calls.calls]
    assert sent == [str(id) for id in range(1, 9)]


def test_what_is_no_longer_useful_is_skipped_and_said(make_delivery, calls):
    delivery = make_delivery()
    Delivery.objects.update(useful_until=timezone.now() - timedelta(seconds=1))
    drain()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.skip_cause, delivery.attempts) == ("skipped", "expired", 0)
    assert len(calls.calls) == 0


def test_dead_workers_delivery_comes_back_with_an_attempt_of_unknown_end(make_delivery, calls):
    delivery = make_delivery()
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.update(status="running", due_at=None, leased_until=past, attempts=1)
    recovery.recover_all()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.attempt_log.get().outcome) == (
        "queued",
        1,
        "unknown",
    )


def test_unknown_end_in_a_system_without_idempotency_keys_is_for_a_person(make_event, calls):
    event = make_event(chat=True)
    past = timezone.now() - timedelta(seconds=1)
    event.deliveries.filter(service="chat").update(
        status="running", due_at=None, leased_until=past, attempts=1
    )
    recovery.recover_all()
    assert event.dead_letters.get().cause == "unknown_outcome"


def test_outage_over_the_hold_limit_goes_to_a_person_as_one_group(make_delivery, settings):
    for id in range(1, 4):
        make_delivery(id)
    long_ago = timezone.now() - timedelta(hours=25)
    Delivery.objects.update(due_at=long_ago)
    CircuitBreaker.objects.filter(service="billing").update(state="open", outage_since=long_ago)
    recovery.recover_all()
    assert set(DeadLetter.objects.values_list("cause", "service")) == {("held_too_long", "billing")}
    assert DeadLetter.objects.count() == 3


def test_late_outcome_of_a_lost_lease_changes_nothing(make_delivery, calls):
    row = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", json={})
    claim = transitions.claim("billing", 1)[0]
    result = attempt.attempt(claim)
    Delivery.objects.filter(pk=row.pk).update(leased_until=timezone.now() + timedelta(seconds=99))
    lane.write([result])
    row.refresh_from_db()
    assert row.status == "running"
    assert not row.attempt_log.exists()


def test_lane_of_a_system_that_is_left_alone_sleeps_after_a_notification(monkeypatch):
    until = timezone.now() + timedelta(hours=1)
    Lane.objects.update_or_create(name="billing", defaults={"not_before": until})
    refresh, refreshed = lane.Drain._refresh, []

    def refresh_and_be_notified(self):
        refresh(self)
        if not refreshed:
            self.polling.notified()
        refreshed.append(self.name)

    monkeypatch.setattr(lane.Drain, "_refresh", refresh_and_be_notified)
    monkeypatch.setattr(lane, "POLL_SECONDS", 0.1)
    drain(seconds=0.3, linger=5)
    assert len(refreshed) < 20  # it was thousands


def test_second_drain_of_a_lane_ends_at_once(make_delivery, calls):
    with lane._only_drain("billing") as listener:
        assert listener is not None
        make_delivery()
        assert drain() == 0
    connection.close()


def test_event_without_a_phone_knows_the_last_one_of_the_same_person(make_event):
    known, silent = make_event(1, family="same"), make_event(2, family="same")
    Event.objects.filter(pk=known.pk).update(phone="5511980000001")
    known.deliveries.update(status="done", due_at=None)
    (claim,) = transitions.claim("billing", 5)
    assert (claim.event.id, claim.event.phone) == (silent.pk, "5511980000001")
