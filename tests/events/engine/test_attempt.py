"""What the end of one attempt means for its delivery."""

import json
import time
from datetime import timedelta

import pytest
import responses
from django.test import override_settings
from django.utils import timezone

from carinho.logs import delivery_ids, request_id, trace_id
from carinho.services.errors import CircuitOpen, NotOffered, OutcomeUnknown, Rejected, Unavailable
from events.engine import attempt, lane_hooks, transitions
from tests.events.conftest import BILLING, Chat

pytestmark = pytest.mark.django_db

WHERE = {"doing": "close visit", "system": "Chat"}


@pytest.fixture
def claim(make_delivery):
    make_delivery()
    return transitions.claim("billing", 1)[0]


@pytest.fixture
def chat_claim(make_event):
    make_event(chat=True)
    return transitions.claim("chat", 1)[0]


@pytest.fixture
def ends_with(monkeypatch):
    """Let the attempts of these systems end so."""

    def end(ran):
        class Ending(lane_hooks.LaneHooks):
            def run(self, claim, step, service):
                if ran.error:
                    raise ran.error
                return ran

        for name in ("billing", "chat"):
            monkeypatch.setitem(lane_hooks.registry, name, Ending())

    return end


def test_claim_whose_lease_is_nearly_over_sends_nothing_and_spends_no_attempt(claim, calls):
    claim.lease_ends = time.monotonic() + 14
    result = attempt.attempt(claim)
    assert (result.status, result.outcome, result.attempts) == ("queued", "", 0)
    assert result.due_at == claim.due_at
    assert len(calls.calls) == 0


@pytest.mark.parametrize("minutes", [-5, 5])
def test_worker_whose_time_of_day_is_wrong_holds_its_leases_as_long_as_any(
    claim, calls, monkeypatch, minutes
):
    calls.put(f"{BILLING}/visits/42/hours", json={})
    here = timezone.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(timezone, "now", lambda: here)
    assert 50 < claim.seconds_left <= 60
    assert attempt.attempt(claim).status == "done"


@pytest.mark.parametrize(
    ("seconds", "status", "requests"), [(-1, "skipped", 0), (60, "done", 1)], ids=["past", "to come"]
)
def test_delivery_is_sent_only_until_its_useful_time_is_over(claim, calls, seconds, status, requests):
    calls.put(f"{BILLING}/visits/42/hours", json={})
    claim.useful_until = timezone.now() + timedelta(seconds=seconds)
    result = attempt.attempt(claim)
    assert (result.status, len(calls.calls)) == (status, requests)
    assert result.skip_cause == ("expired" if requests == 0 else "")


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "90"}, 90), ({}, 20)])
def test_system_whose_allowance_is_spent_is_left_alone_as_long_as_it_says(claim, calls, headers, seconds):
    spent = {"RateLimit-Remaining": "0", "RateLimit-Reset": "20"}
    calls.put(f"{BILLING}/visits/42/hours", status=429, headers=spent | headers)
    assert attempt.attempt(claim).retry_after == timedelta(seconds=seconds)


def test_words_that_were_sent_are_kept_masked_and_can_be_read(claim, monkeypatch):
    class Telling(lane_hooks.LaneHooks):
        def run(self, claim, step, service):
            service.put("/visits/42/hours", doing="add hours", json={"reason": "Não há"})

    monkeypatch.setitem(lane_hooks.registry, "billing", Telling())
    with responses.RequestsMock() as calls:
        calls.put(f"{BILLING}/visits/42/hours", status=422)
        assert '"reason": "••••' in attempt.attempt(claim).sent


def test_attempt_says_how_long_it_took(claim, monkeypatch):
    class Slow(lane_hooks.LaneHooks):
        def run(self, claim, step, service):
            time.sleep(0.05)
            return lane_hooks.StepOutcome()

    monkeypatch.setitem(lane_hooks.registry, "billing", Slow())
    before = time.monotonic()
    duration_ms = attempt.attempt(claim).duration_ms
    assert 50 <= duration_ms <= (time.monotonic() - before) * 1000


def test_what_may_have_been_sent_is_looked_for_though_its_time_is_over(claim, calls):
    calls.put(f"{BILLING}/visits/42/hours", json={})
    claim.useful_until = claim.in_doubt_since = timezone.now() - timedelta(seconds=1)
    assert attempt.attempt(claim).status == "done"


def test_delivery_that_its_lane_holds_keeps_its_attempt_and_its_doubt(claim, ends_with):
    claim.in_doubt_since = began = timezone.now()
    morning = began + timedelta(hours=9)
    ends_with(lane_hooks.StepOutcome(not_before=morning))
    result = attempt.attempt(claim)
    assert (result.status, result.outcome, result.attempts) == ("queued", "", 0)
    assert (result.due_at, result.in_doubt_since) == (morning, began)


def test_circuit_that_opened_meanwhile_gives_the_attempt_back(claim, ends_with):
    ends_with(lane_hooks.StepOutcome(error=CircuitOpen("Circuit open")))
    result = attempt.attempt(claim)
    assert (result.status, result.outcome, result.attempts) == ("queued", "", 0)
    assert result.due_at == claim.due_at


def test_what_a_system_does_not_offer_yet_is_no_dead_letter_and_says_so(claim, ends_with):
    ends_with(lane_hooks.StepOutcome(error=NotOffered("CRM does not offer this yet", **WHERE)))
    result = attempt.attempt(claim)
    assert (result.status, result.outcome, result.attempts) == ("skipped", "", 0)
    assert result.skip_cause == "unoffered"


def test_what_is_known_before_the_call_is_the_end_of_the_attempt(claim, calls):
    claim.context = Rejected("No WhatsApp", doing="add hours", system="Billing")
    result = attempt.attempt(claim)
    assert (result.status, result.outcome) == ("dead", "rejected")
    assert (result.error, result.cause) == ("Failed to add hours in Billing: No WhatsApp", "invalid_data")
    assert (result.sent, result.answered, result.status_code) == ("", "", None)


def test_what_is_known_not_to_be_offered_before_the_call_is_no_dead_letter_either(claim, calls):
    claim.context = NotOffered("Billing does not offer this yet", **WHERE)
    result = attempt.attempt(claim)
    assert (result.status, result.outcome, result.attempts) == ("skipped", "", 0)
    assert result.skip_cause == "unoffered"


def test_unseen_end_is_looked_for_by_the_next_attempt_where_its_system_can(
    chat_claim, ends_with, monkeypatch
):
    monkeypatch.setattr(Chat, "looks_first", True)
    asked = timedelta(seconds=90)
    ends_with(lane_hooks.StepOutcome(error=OutcomeUnknown("Timed out", retry_after=asked, **WHERE)))
    before = timezone.now()
    result = attempt.attempt(chat_claim)
    assert (result.status, result.outcome, result.attempts) == ("queued", "unknown", 1)
    assert (result.error, result.retry_after) == ("Failed to close visit in Chat: Timed out", asked)
    assert before <= result.in_doubt_since <= timezone.now()
    assert timedelta(0) < result.due_at - result.in_doubt_since < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("looks_first", "is_final", "attempts"), [(False, False, 1), (True, True, 1), (True, False, 5)]
)
def test_unseen_end_is_for_a_person_where_nothing_will_show_it(
    chat_claim, ends_with, monkeypatch, looks_first, is_final, attempts
):
    monkeypatch.setattr(Chat, "looks_first", looks_first)
    chat_claim.attempts = attempts
    ends_with(lane_hooks.StepOutcome(error=OutcomeUnknown("Timed out", is_final=is_final, **WHERE)))
    result = attempt.attempt(chat_claim)
    assert (result.status, result.outcome, result.cause) == ("dead", "unknown", "unknown_outcome")
    assert result.attempts == attempts


def test_unavailable_system_leaves_the_doubt_of_an_earlier_attempt(chat_claim, ends_with):
    chat_claim.in_doubt_since = began = timezone.now() - timedelta(minutes=3)
    ends_with(lane_hooks.StepOutcome(error=Unavailable("No connection", **WHERE)))
    result = attempt.attempt(chat_claim)
    assert (result.status, result.outcome, result.attempts) == ("queued", "unavailable", 1)
    assert (result.in_doubt_since, result.held_since) == (began, None)


def test_delivery_that_dies_still_says_when_its_system_wants_to_be_called_again(claim, ends_with):
    claim.attempts = 5
    asked = timedelta(minutes=2)
    ends_with(lane_hooks.StepOutcome(error=Unavailable("Busy", retry_after=asked, **WHERE)))
    result = attempt.attempt(claim)
    assert (result.status, result.outcome, result.retry_after) == ("dead", "unavailable", asked)


def test_what_a_step_returns_and_cannot_be_kept_is_a_mistake_of_our_own(claim, ends_with):
    ends_with(lane_hooks.StepOutcome(value=object()))
    result = attempt.attempt(claim)
    assert (result.status, result.outcome, result.cause) == ("dead", "broken", "broken")


def test_what_an_attempt_found_reaches_the_lane_whatever_its_end(claim, ends_with):
    ends_with(lane_hooks.StepOutcome(not_before=timezone.now(), findings={"is_reachable": False}))
    assert attempt.attempt(claim).findings == {"is_reachable": False}


def test_exchange_is_kept_without_the_person_in_it(claim, calls):
    answer = {"message": "5511987650001 is no visit", "phone": "5511987650001"}
    calls.put(f"{BILLING}/visits/42/hours", status=422, json=answer)
    result = attempt.attempt(claim)
    assert (result.status_code, result.outcome) == (422, "rejected")
    assert json.loads(result.sent) == {"PUT /visits/42/hours": {"minutes": 60}}
    assert "is no visit" in result.answered
    assert "is no visit" in result.error
    assert "987650001" not in result.sent + result.answered + result.error


def test_sentence_of_another_system_is_kept_without_what_the_event_says_of_a_person(make_delivery, calls):
    make_delivery(43, family="Maria Aparecida Silva", address="Rua das Flores, 12")
    claim = transitions.claim("billing", 1)[0]
    said = "MARIA APARECIDA SILVA da Rua das Flores, 12 recusou; Aparecida já tem outro"
    answer = {"message": said, "errors": {"address": ["Rua das Flores, 12"]}, "cid": "F03", "mother": "Ana"}
    calls.put(f"{BILLING}/visits/43/hours", status=422, json=answer)
    result = attempt.attempt(claim)
    kept = result.error + result.answered
    assert "recusou" in result.error
    assert "recusou" in result.answered
    assert not [clear for clear in ("MARIA", "Aparecida", "Flores", "F03", "Ana") if clear in kept]


def test_answer_that_is_no_json_is_kept_as_it_reads(claim, calls):
    calls.put(f"{BILLING}/visits/42/hours", status=500, body="Olá, e-mail ana@example.test")
    result = attempt.attempt(claim)
    assert result.answered.startswith("Olá, e-mail")
    assert "ana@" not in result.answered


def test_logs_of_an_attempt_carry_its_ids_and_those_of_the_next_do_not(claim, monkeypatch):
    seen = []

    class Seeing(lane_hooks.LaneHooks):
        def run(self, claim, step, service):
            seen.append((request_id.get(), trace_id.get(), delivery_ids.get()))
            return lane_hooks.StepOutcome()

    monkeypatch.setitem(lane_hooks.registry, "billing", Seeing())
    before = request_id.get(), trace_id.get(), delivery_ids.get()
    claim.trace_id = "0af7651916cd43dd8448eb211c80319c"
    for request in ("request-1", ""):
        claim.request_id = request
        attempt.attempt(claim)
    ids = {"event_id": claim.event.id, "delivery_id": claim.id}
    assert seen == [
        ("request-1", claim.trace_id, ids),
        (claim.idempotency_key, claim.trace_id, ids),
    ]
    assert (request_id.get(), trace_id.get(), delivery_ids.get()) == before


@override_settings(RETRY_WAITS=[60, 240, 900, 3600])
@pytest.mark.parametrize(("attempts", "seconds"), [(1, 60), (2, 240), (3, 900), (4, 3600)])
def test_waits_grow_and_vary_by_a_tenth_to_either_side(attempts, seconds):
    waits = [attempt.wait_after(attempts).total_seconds() / seconds for _ in range(200)]
    assert 0.9 <= min(waits) < 0.97  # of 200, some go this far on either side
    assert 1.03 < max(waits) <= 1.1


@override_settings(RETRY_WAITS=[60, 240, 900, 3600])
def test_after_the_fifth_attempt_there_is_no_wait_left():
    assert attempt.wait_after(5) is None
