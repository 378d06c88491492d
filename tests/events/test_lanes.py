"""A lane on the real database, with the other system at the wire."""

from datetime import timedelta

import pytest
import requests
from django.db import OperationalError, connection
from django.utils import timezone
from responses import matchers

from events import breakers, dead_letters, lanes, sweep
from events.models import Attempt, CircuitBreaker, DeadLetter, Delivery, Event
from tests.events.conftest import BILLING

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def shared_rows(db):
    for name in ("billing", "chat"):
        CircuitBreaker.objects.get_or_create(service=name)


def drain(name="billing", **limits):
    return lanes.drain(name, **({"seconds": 5, "linger": 0.05} | limits))


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
    drain(seconds=0.3)
    delivery.refresh_from_db()
    assert (delivery.due_at - timezone.now()) > timedelta(minutes=29)


def test_fifth_unavailable_answer_makes_a_dead_letter_that_says_why(make_delivery, calls, settings):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=503)
    settings.BREAKER_FAILURES = 100
    for _ in range(5):
        due_now()
        drain()
    letter = DeadLetter.objects.get(delivery=delivery)
    assert letter.reason == "Failed to add hours in Billing: Max retries exceeded (billing answered 503)"
    assert (letter.status, letter.kind, letter.cause) == ("open", "unavailable", "max_retries_exceeded")
    assert letter.event.status == "failed"
    assert Attempt.objects.filter(delivery=delivery).count() == 5


def test_rejected_delivery_dies_without_another_attempt(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=422, json={"message": "Invalid phone number"})
    drain()
    letter = DeadLetter.objects.get(delivery=delivery)
    assert letter.reason == "Failed to add hours in Billing: Invalid phone number"
    assert letter.cause == "invalid_phone_number"
    assert len(calls.calls) == 1


def test_our_own_mistake_is_shown_as_a_sentence_and_logged_with_its_traceback(make_event, calls, caplog):
    event = make_event(close=True)
    calls.put(f"{BILLING}/visits/42/hours", json={"unexpected": 1})
    drain()
    letter = event.dead_letters.get()
    assert (letter.step, letter.kind, letter.reason) == (
        "close_visit",
        "broken",
        "Broken: KeyError in our own code",
    )
    assert any(record.exc_info for record in caplog.records)


def test_failed_retry_opens_the_item_again_with_a_count_and_success_closes_it(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=422)
    drain()
    letter = DeadLetter.objects.get()
    assert dead_letters.retry([letter.pk], actor="user:ana") == [letter.pk]
    assert dead_letters.retry([letter.pk], actor="user:bia") == []
    drain()
    letter.refresh_from_db()
    assert (letter.status, letter.failures) == ("open", 2)
    calls.replace("PUT", f"{BILLING}/visits/42/hours", json={})
    dead_letters.retry([letter.pk], actor="user:ana")
    drain()
    letter.refresh_from_db()
    assert letter.status == "resolved"
    keys = {call.request.headers["Idempotency-Key"] for call in calls.calls}
    assert keys == {str(delivery.idempotency_key)}
    assert Event.objects.get().status == "processed"


def test_archive_skips_what_waited_for_it_and_restore_brings_both_back(make_event, calls):
    event = make_event(close=True)
    calls.put(f"{BILLING}/visits/42/hours", status=422)
    drain()
    letter = event.dead_letters.get()
    assert dead_letters.archive([letter.pk], actor="user:ana", reason="Feito à mão") == [letter.pk]
    event.refresh_from_db()
    assert event.status == "archived"
    assert set(event.deliveries.values_list("status", "skip_cause")) == {
        ("skipped", "archived"),
        ("skipped", "earlier"),
    }
    assert dead_letters.restore([letter.pk], actor="user:ana") == [letter.pk]
    event.refresh_from_db()
    assert event.status == "failed"
    assert set(event.deliveries.values_list("status", flat=True)) == {"dead", "waiting"}


def test_open_circuit_holds_without_spending_attempts_and_one_trial_finds_out(make_delivery, calls, settings):
    settings.BREAKER_FAILURES = 3
    for id in range(1, 8):
        make_delivery(id)
        calls.put(f"{BILLING}/visits/{id}/hours", status=503)
    drain(seconds=0.5)
    breaker = CircuitBreaker.objects.get(service="billing")
    assert breaker.state == "open"
    assert breaker.outage_since is not None
    spent = Attempt.objects.count()
    assert sum(Delivery.objects.values_list("attempts", flat=True)) == spent
    due_now()
    drain(seconds=0.3)
    assert Attempt.objects.count() == spent


def test_failed_trial_costs_no_attempt_and_doubles_the_wait(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", status=503)
    hour_ago = timezone.now() - timedelta(hours=1)
    CircuitBreaker.objects.filter(service="billing").update(
        state="open", trips=1, opened_at=hour_ago, outage_since=hour_ago, version=5
    )
    drain(seconds=0.3)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.attempt_log.get().is_trial) == ("queued", 0, True)
    assert delivery.held_since is not None
    breaker = CircuitBreaker.objects.get(service="billing")
    assert (breaker.state, breaker.trips, breaker.outage_since) == ("open", 2, hour_ago)
    assert 110 < (breaker.next_trial_at - breaker.opened_at).total_seconds() < 130


def test_two_good_trials_close_the_circuit_and_the_rest_follows(make_delivery, calls):
    for id in range(1, 6):
        make_delivery(id)
        calls.put(f"{BILLING}/visits/{id}/hours", json={})
    hour_ago = timezone.now() - timedelta(hours=1)
    CircuitBreaker.objects.filter(service="billing").update(
        state="open", trips=1, opened_at=hour_ago, outage_since=hour_ago, version=5
    )
    drain(seconds=10, linger=1.5)
    breaker = CircuitBreaker.objects.get(service="billing")
    assert (breaker.state, breaker.outage_since, breaker.trips) == ("closed", None, 0)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"done"}


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
    from events import outcomes

    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", json={})
    write, failures = outcomes.write, [OperationalError("gone"), OperationalError("gone")]

    def write_later(results):
        if failures:
            raise failures.pop()
        write(results)

    monkeypatch.setattr(outcomes, "write", write_later)
    drain()
    delivery.refresh_from_db()
    assert (delivery.status, len(calls.calls)) == ("done", 1)


def test_paused_system_sends_nothing_until_somebody_resumes_it(make_delivery, calls):
    delivery = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", json={})
    breakers.pause("billing", actor="user:ana", reason="Manutenção")
    assert drain() == 0
    breakers.resume("billing", actor="user:ana")
    assert drain(linger=0.5) == 1
    delivery.refresh_from_db()
    assert delivery.status == "done"


def test_reset_by_a_person_stands_against_what_the_lane_still_thinks(make_delivery, calls):
    lane = breakers.SharedBreaker("billing", breakers.Breaker("billing", failures=1))
    lane.load()
    breakers.reset("billing", actor="user:ana")
    lane.breaker.open()
    lane.save()
    assert CircuitBreaker.objects.get(service="billing").state == "closed"


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
    sweep.sweep()
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
    sweep.sweep()
    assert event.dead_letters.get().cause == "unknown_outcome"


def test_outage_over_the_hold_limit_goes_to_a_person_as_one_group(make_delivery, settings):
    for id in range(1, 4):
        make_delivery(id)
    long_ago = timezone.now() - timedelta(hours=25)
    Delivery.objects.update(due_at=long_ago)
    CircuitBreaker.objects.filter(service="billing").update(state="open", outage_since=long_ago)
    sweep.sweep()
    assert set(DeadLetter.objects.values_list("cause", "service")) == {("held_too_long", "billing")}
    assert DeadLetter.objects.count() == 3


def test_late_outcome_of_a_lost_lease_changes_nothing(make_delivery, calls):
    from events import claims, delivery, outcomes

    row = make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", json={})
    claim = claims.claim("billing", 1)[0]
    result = delivery.attempt(claim)
    Delivery.objects.filter(pk=row.pk).update(leased_until=timezone.now() + timedelta(seconds=99))
    outcomes.write([result])
    row.refresh_from_db()
    assert row.status == "running"
    assert not row.attempt_log.exists()


def test_second_drain_of_a_lane_ends_at_once(make_delivery, calls):
    with lanes._only_drain("billing") as ears:
        assert ears is not None
        make_delivery()
        assert drain() == 0
    connection.close()


def test_event_without_a_phone_knows_the_last_one_of_the_same_person(make_event):
    from events import claims

    known, silent = make_event(1, family="same"), make_event(2, family="same")
    Event.objects.filter(pk=known.pk).update(phone="5511980000001")
    known.deliveries.update(status="done", due_at=None)
    (claim,) = claims.claim("billing", 5)
    assert (claim.event.id, claim.event.phone) == (silent.pk, "5511980000001")
