"""What each move brings with it: the dead letter, those that follow, the event, and nothing left behind."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.access.models import AuditEntry
from events import operations
from events.engine import attempt, lane, lane_hooks, recovery, transitions
from events.models import DeadLetter, Delivery, SkipCause
from tests.console import rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def silence(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def state(row):
    row.refresh_from_db()
    return row.status, row.skip_cause, row.in_doubt_since, row.held_since


def in_doubt(row):
    now = timezone.now()
    Delivery.objects.filter(pk=row.pk).update(in_doubt_since=now, held_since=now)
    return row


def test_every_way_out_of_doubt_clears_it():
    given_up, confirmed, lapsed, held = (in_doubt(rows.retrying(step="send_welcome")) for _ in range(4))
    operations.give_up([given_up.pk], actor="user:ana")
    assert state(given_up) == ("skipped", "archived", None, None)
    assert transitions.confirm(confirmed.pk)
    assert state(confirmed) == ("done", "", None, None)
    Delivery.objects.filter(pk=lapsed.pk).update(
        status="running", due_at=None, leased_until=timezone.now() - timedelta(seconds=1)
    )
    assert transitions.fail_lapsed([transitions.Failure(lapsed.pk, "unknown", "worker_lost")], error="Lost")
    assert state(lapsed) == ("dead", "", None, None)
    transitions.fail_held([transitions.Failure(held.pk, "unknown", "held_too_long")], error="Held")
    assert state(held) == ("dead", "", None, None)


def test_delivery_that_ends_is_not_held_or_in_doubt_any_more(make_delivery):
    row = make_delivery()
    [claim] = transitions.claim("billing", 1)
    in_doubt(row)
    lane.write([attempt.skip(claim, SkipCause.EXPIRED)])
    assert state(row) == ("skipped", "expired", None, None)


def test_follower_whose_declaration_is_gone_is_released_all_the_same(make_event, flow):
    event = make_event(close=True)
    gone = flow.steps.pop("close_visit")
    try:
        [claim] = transitions.claim("billing", 5)
        lane.write([attempt.finish(claim, {"hours": 7})])
    finally:
        flow.steps["close_visit"] = gone
    assert event.deliveries.get(step="close_visit").status == "queued"


def test_step_that_no_release_declares_any_more_is_for_a_person(make_event, flow, calls):
    event = make_event(close=True)
    [claim] = transitions.claim("billing", 5)
    lane.write([attempt.finish(claim, {"hours": 7})])
    gone = flow.steps.pop("close_visit")
    try:
        lane.write([attempt.attempt(claim) for claim in transitions.claim("billing", 5)])
    finally:
        flow.steps["close_visit"] = gone
    assert event.dead_letters.get().step == "close_visit"


def requeued(make_delivery):
    """Dead, and queued again by a person: its dead letter says that it is tried again."""
    row = make_delivery()
    transitions.fail_held([transitions.Failure(row.pk, "rejected", "invalid_data", "No")], error="No")
    dead_letter = DeadLetter.objects.get(delivery=row)
    assert operations.retry([dead_letter.pk], actor="user:ana") == [dead_letter.pk]
    return row, dead_letter


def test_cancelling_what_is_tried_again_closes_its_dead_letter(make_delivery):
    row, dead_letter = requeued(make_delivery)
    assert operations.cancel([row.pk], actor="user:bia", reason="Ninguém precisa") == [row.pk]
    dead_letter.refresh_from_db()
    assert (dead_letter.status, dead_letter.moved_by, dead_letter.note) == (
        "archived",
        "user:bia",
        "Ninguém precisa",
    )
    row.event.refresh_from_db()
    assert row.event.status == "archived"


@pytest.mark.parametrize(
    ("cause", "note"),
    [("expired", "Passou da hora de ser útil."), ("unwanted", "A pessoa pediu para não receber.")],
)
def test_dead_letter_of_a_retry_that_was_skipped_says_why(make_delivery, cause, note):
    _, dead_letter = requeued(make_delivery)
    lane.write([attempt.skip(claim, cause) for claim in transitions.claim("billing", 1)])
    dead_letter.refresh_from_db()
    assert (dead_letter.status, dead_letter.note) == ("archived", note)


def test_expiry_of_a_retry_and_of_what_waits_for_it_ends_the_event(make_event):
    event = make_event(close=True)
    event.deliveries.filter(step="add_hours").update(useful_until=timezone.now() - timedelta(seconds=1))
    assert recovery.expire() == 1
    assert set(event.deliveries.values_list("step", "skip_cause")) == {
        ("add_hours", "expired"),
        ("close_visit", "earlier"),
    }
    event.refresh_from_db()
    assert event.status == "processed"


@pytest.mark.django_db(transaction=True)
def test_lease_that_was_renewed_meanwhile_has_not_lapsed(make_delivery):
    row = make_delivery()
    [claim] = transitions.claim("billing", 1)
    renewed = transitions.renew([claim])[row.pk]
    assert renewed > claim.lease
    assert transitions.recover([row.pk], look_first=[]) == set()
    assert transitions.renew([claim]) == {}  # it holds another lease by now
    lane.write([attempt.finish(claim, None)])
    assert state(row)[0] == "running"
    claim.lease = renewed
    lane.write([attempt.finish(claim, None)])
    assert state(row)[0] == "done"


def test_recovered_attempt_says_when_it_began_though_its_lease_was_renewed(make_delivery):
    row = make_delivery()
    transitions.claim("billing", 1)
    began, lapsed = (timezone.now() - timedelta(seconds=seconds) for seconds in (100, 1))
    Delivery.objects.filter(pk=row.pk).update(claimed_at=began, leased_until=lapsed)
    recovery.return_lapsed()
    assert row.attempt_log.get().started_at == began


def test_one_order_of_a_person_is_one_entry_of_the_audit_log():
    delivery = rows.retrying()
    operations.give_up([delivery.pk], actor="user:ana", reason="Família desistiu")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.detail) == (
        "delivery.give_up",
        {"ids": [delivery.pk], "note": "Família desistiu"},
    )


def test_reason_of_a_person_stands_on_the_dead_letter_and_in_the_audit_log():
    given_up, dead = rows.retrying(), rows.dead_letter()
    operations.give_up([given_up.pk], actor="user:ana", reason="Família desistiu")
    operations.archive([dead.pk], actor="user:ana", reason="Já foi feito")
    notes = DeadLetter.objects.filter(status="archived").values_list("note", flat=True)
    assert set(notes) == {"Família desistiu", "Já foi feito"}
    assert AuditEntry.objects.get(action="dead_letter.archive").detail == {
        "ids": [dead.pk],
        "systems": ["crm"],
        "note": "Já foi feito",
    }


def test_order_of_a_person_that_comes_too_late_is_in_no_audit_log():
    dead = rows.dead_letter()
    for expected in ([dead.pk], []):
        assert transitions.archive([dead.pk], actor="user:ana") == expected
    assert AuditEntry.objects.count() == 1


@pytest.fixture
def woken(monkeypatch):
    """The systems whose lanes are woken up, each time."""
    times = []
    monkeypatch.setattr("events.engine.wakeup.wake_up", lambda services: times.append(set(services)))
    return times


def test_lane_is_woken_up_by_what_a_person_queues(make_delivery, woken, django_capture_on_commit_callbacks):
    _, dead_letter = requeued(make_delivery)
    assert transitions.take_back([dead_letter.pk], actor="user:ana")
    for wakes, ask in [
        (True, lambda: transitions.requeue([dead_letter.pk], actor="user:ana")),
        (False, lambda: transitions.take_back([dead_letter.pk], actor="user:ana")),
    ]:
        woken.clear()
        with django_capture_on_commit_callbacks(execute=True):
            ask()
        assert woken == ([{"billing"}] if wakes else [])


def test_lane_that_writes_its_outcomes_is_woken_up_only_by_steps_that_they_release(
    make_event, woken, django_capture_on_commit_callbacks
):
    make_event(close=True)
    ends = [(attempt.hold, False), (lambda claim: attempt.finish(claim, {"hours": 7}), True)]
    for end, wakes in ends:
        [claim] = transitions.claim("billing", 5)
        woken.clear()
        with django_capture_on_commit_callbacks(execute=True):
            lane.write([end(claim)])
        assert woken == ([{"billing"}] if wakes else [])


def test_paused_offline_or_resting_system_gives_no_claim_however_late_the_lane_learns_of_it(make_delivery):
    from events.engine import circuit_breakers
    from events.models import CircuitBreaker, Lane

    make_delivery()
    CircuitBreaker.objects.get_or_create(service="billing")
    circuit_breakers.pause("billing", actor="user:ana")
    assert transitions.claim("billing", 5) == []
    circuit_breakers.resume("billing", actor="user:ana")
    circuit_breakers.set_offline("billing", timezone.now())
    assert transitions.claim("billing", 5) == []
    circuit_breakers.set_offline("billing", None)
    lane = Lane.objects.get_or_create(name="billing")[0]
    Lane.objects.filter(pk=lane.pk).update(not_before=timezone.now() + timedelta(minutes=5))
    assert transitions.claim("billing", 5) == []
    circuit_breakers.reset("billing", actor="user:ana")  # a person saw that it is well
    assert len(transitions.claim("billing", 5)) == 1


def test_what_the_lane_finds_unwanted_says_its_own_cause(make_delivery, monkeypatch):
    class Unwanted(lane_hooks.LaneHooks):
        def run(self, claim, step, service):
            return lane_hooks.StepOutcome(skip_cause=SkipCause.UNWANTED)

    row = make_delivery()
    monkeypatch.setitem(lane_hooks.registry, "billing", Unwanted())
    lane.write([attempt.attempt(claim) for claim in transitions.claim("billing", 1)])
    assert state(row)[:2] == ("skipped", "unwanted")


@pytest.mark.parametrize(("end", "most"), [("done", 7), ("held", 3)])
def test_batch_of_outcomes_costs_few_statements_whatever_its_size(
    make_delivery, django_assert_max_num_queries, end, most
):
    for id in range(1, 11):
        make_delivery(id)
    taken = transitions.claim("billing", 10)
    results = [attempt.finish(claim, None) if end == "done" else attempt.hold(claim) for claim in taken]
    with django_assert_max_num_queries(
        most
    ):  # begin and end; dead letters, deliveries, events twice, attempts
        lane.write(results)
