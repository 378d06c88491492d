"""A retry of many goes in stages, stops at a failure of a new kind, and sends nothing twice whoever dies."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.services.errors import Rejected
from events import bulk_jobs, operations, retention, system_moves, tasks
from events.engine import attempt, lane, transitions
from events.engine.transitions import Failure
from events.intake import envelope, ingestion
from events.models import BulkItem, BulkJob, DeadLetter, Delivery, Event
from tests.events.engine.consistency import check
from tests.events.engine.test_races import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
ANA, BIA = "user:ana", "user:bia"


@pytest.fixture
def dead_letters(make_delivery):
    """So many open ones of Billing, in the order of their visits."""

    def make(count):
        first = Delivery.objects.count() + 1
        ids = [make_delivery(id).pk for id in range(first, first + count)]
        failures = [Failure(id, "unavailable", "connection_timeout", "Late") for id in ids]
        transitions.fail_held(failures, error="Late")
        return list(DeadLetter.objects.filter(delivery__in=ids).order_by("pk").values_list("pk", flat=True))

    return make


def work(places=500, refused=()):
    """The lane of Billing takes what is due; visits that are refused fail for a cause of their own."""
    taken = transitions.claim("billing", places)
    no = Rejected("No", doing="add hours", system="Billing")
    if taken:
        lane.write(
            [
                attempt.fail(claim, "rejected", no)
                if claim.event.payload["id"] in refused
                else attempt.finish(claim, {"hours": 7})
                for claim in taken
            ]
        )
    return len(taken)


def at_work(job, places=500, refused=()):
    """Lane and job go on until neither has anything to do; how many the lane took each time."""
    sizes = []
    while size := work(places, refused):
        sizes.append(size)
        tasks.advance_bulk_jobs()
    job.refresh_from_db()
    return sizes


def states(job):
    return {state: count for state, count in bulk_jobs.counts_of(job).items() if count}


def requeued():
    """How often each dead letter was sent again, by the audit log."""
    entries = AuditEntry.objects.filter(action="dead_letter.retry")
    return Counter(id for entry in entries for id in entry.detail["ids"])


def test_retry_of_many_sends_one_then_ten_then_the_rest(dead_letters):
    job = bulk_jobs.start_retry(dead_letters(40), ANA)
    assert at_work(job) == [1, 10, 29]
    assert (job.state, states(job)) == ("done", {"delivered": 40})
    assert job.ended_at
    check()


def test_next_portion_waits_until_most_of_the_one_before_has_ended(dead_letters, monkeypatch):
    monkeypatch.setattr(operations, "AT_ONCE", 20)
    job = bulk_jobs.start_retry(dead_letters(60), ANA)
    bulk_jobs.advance(job.pk)
    assert states(job) == {"sent": 1, "waiting": 59}
    work(), bulk_jobs.advance(job.pk), work(9), bulk_jobs.advance(job.pk)
    assert states(job) == {"delivered": 10, "sent": 21, "waiting": 29}
    work(18), bulk_jobs.advance(job.pk)
    assert states(job)["waiting"] == 29
    work(1), bulk_jobs.advance(job.pk)
    assert states(job) == {"delivered": 29, "sent": 22, "waiting": 9}


def test_retry_of_5000_stops_at_the_1234th_which_fails_for_a_new_cause(flow):
    bodies = [
        {"type": flow.type, "id": f"visit-{id}", "data": {"id": id, "family": f"family-{id}"}}
        for id in range(1, 5001)
    ]
    ingestion.record([envelope.read(body, source="operacao") for body in bodies])
    ids = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), 500):
        failures = [
            Failure(id, "unavailable", "connection_timeout", "Late") for id in ids[start : start + 500]
        ]
        transitions.fail_held(failures, error="Late")
    job = bulk_jobs.start_retry(DeadLetter.objects.values_list("pk", flat=True), ANA)
    with connection.cursor() as cursor:  # as autovacuum would: the planner believes these tables empty
        cursor.execute("ANALYZE events_event, events_delivery, events_deadletter, events_bulkitem")
    new, seen = (
        item.dead_letter.event.data["id"]
        for item in job.items.filter(position__in=[1234, 2500]).order_by("position")
    )
    at_work(job, places=100, refused={new})
    assert (job.state, job.stopped_at, job.stop_cause) == ("stopped", 1234, "invalid_data")
    assert states(job) == {"delivered": 1310, "failed": 1, "waiting": 3689}  # the lane took 100 at a time
    assert DeadLetter.objects.filter(status="open").count() == 3690
    assert not Delivery.objects.filter(status="queued").exists()
    assert AuditEntry.objects.get(action="bulk.stop").detail == {"position": 1234, "cause": "invalid_data"}
    check()
    assert bulk_jobs.resume([job.pk], actor=BIA) == [job.pk]
    at_work(job, refused={seen})  # no longer a new cause
    assert (job.state, states(job)) == ("done", {"delivered": 4998, "failed": 2})


def test_failure_for_a_cause_that_one_of_them_had_before_stops_nothing(dead_letters):
    ids = dead_letters(30)
    DeadLetter.objects.filter(pk=ids[-1]).update(cause="invalid_data")
    job = bulk_jobs.start_retry(ids, ANA)
    at_work(job, refused={1, 5, 20})
    assert (job.state, states(job)) == ("done", {"delivered": 27, "failed": 3})


def test_paused_job_sends_nothing_more_and_goes_on_where_it_was(dead_letters):
    job = bulk_jobs.start_retry(dead_letters(40), ANA)
    work(), bulk_jobs.advance(job.pk)
    [running] = transitions.claim("billing", 1)
    assert bulk_jobs.pause([job.pk], actor=BIA) == [job.pk]
    assert bulk_jobs.pause([job.pk], actor=BIA) == []
    assert states(job) == {"delivered": 1, "sent": 1, "waiting": 38}
    lane.write([attempt.finish(running, None)])
    assert at_work(job) == []
    bulk_jobs.advance(job.pk)
    job.refresh_from_db()
    assert (job.state, job.moved_by, states(job)) == ("paused", BIA, {"delivered": 2, "waiting": 38})
    check()
    assert bulk_jobs.resume([job.pk], actor=ANA) == [job.pk]
    assert sum(at_work(job)) == 38
    assert (job.state, states(job)) == ("done", {"delivered": 40})


def test_cancelled_job_leaves_open_what_was_not_begun(dead_letters):
    ids = dead_letters(40)
    job = bulk_jobs.start_retry(ids, ANA)
    work(), bulk_jobs.advance(job.pk), work(3)
    assert bulk_jobs.cancel([job.pk], actor=BIA) == [job.pk]
    job.refresh_from_db()
    assert (job.state, states(job)) == ("cancelled", {"delivered": 4, "left": 36})
    assert job.ended_at
    assert (
        list(DeadLetter.objects.filter(status="open").order_by("pk").values_list("pk", flat=True)) == ids[4:]
    )
    assert bulk_jobs.cancel([job.pk], actor=BIA) == bulk_jobs.resume([job.pk], actor=BIA) == []
    check()


def test_what_somebody_deals_with_before_its_turn_is_left_to_them(dead_letters):
    ids = dead_letters(40)
    job = bulk_jobs.start_retry(ids, ANA)
    operations.archive(ids[20:22], actor=BIA)
    operations.retry(ids[30:31], actor=BIA)
    work(refused={31}), bulk_jobs.advance(job.pk)  # it is open again, but no longer as it was on Ana's list
    at_work(job)
    assert states(job) == {"delivered": 37, "taken": 3}
    assert requeued()[ids[30]] == 1


@pytest.mark.parametrize("asked", [False, True])
def test_what_something_newer_overtook_before_its_turn_is_left_unless_it_was_asked_for(
    flow, make_event, dead_letters, asked
):
    flow.steps["add_hours"] = replace(flow.steps["add_hours"], record=("family",))
    first, second, third = dead_letters(3)
    job = bulk_jobs.start_retry([first, second, third], ANA, with_overtaken=asked)
    later = make_event(90, family="family-2").deliveries.get(step="add_hours")
    transitions.confirm(later.pk)
    at_work(job)
    ends = {"delivered": 3} if asked else {"delivered": 2, "overtaken": 1}
    assert (job.state, states(job)) == ("done", ends)
    assert DeadLetter.objects.get(pk=second).status == ("resolved" if asked else "open")


def test_what_closed_by_itself_before_its_turn_was_dealt_with_by_nobody(make_event, dead_letters):
    first, second = dead_letters(2)
    job = bulk_jobs.start_retry([first, second], ANA)
    transitions.supersede({second: make_event(90).pk})
    Delivery.objects.filter(event__key="visit-90").delete()
    at_work(job)
    assert states(job) == {"delivered": 1, "overtaken": 1}


def test_two_orders_for_the_same_list_send_each_item_once(dead_letters):
    ids = dead_letters(30)
    one, two = bulk_jobs.start_retry(ids, ANA), bulk_jobs.start_retry(ids, ANA)
    at_work(one, refused={7})
    two.refresh_from_db()
    assert set(requeued().values()) == {1}
    work(), tasks.advance_bulk_jobs()
    bulk_jobs.resume([one.pk, two.pk], actor=ANA)
    at_work(one, refused={7})
    assert states(one)["failed"] + states(two).get("failed", 0) == 1
    assert max(requeued().values()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "dies_at", ["UPDATE events_bulkitem AS item", "dead.failures = item.failures", "'taken'"]
)
def test_worker_that_dies_in_the_middle_of_a_step_sends_nothing_twice(dead_letters, monkeypatch, dies_at):
    job = bulk_jobs.start_retry(dead_letters(40), ANA)
    work()
    run = bulk_jobs.run

    def dying(statement, given):
        found = run(statement, given)
        if dies_at in statement:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(bulk_jobs, "run", dying)
    with pytest.raises(KeyboardInterrupt):
        bulk_jobs.advance(job.pk)
    monkeypatch.setattr(bulk_jobs, "run", run)
    assert states(job) == {"sent": 1, "waiting": 39}
    assert not Delivery.objects.filter(status="queued").exists()
    bulk_jobs.advance(job.pk)
    at_work(job)
    assert (job.state, states(job)) == ("done", {"delivered": 40})
    assert set(requeued().values()) == {1}


@pytest.mark.django_db(transaction=True)
def test_processes_that_advance_one_job_at_once_send_nothing_twice(dead_letters, monkeypatch):
    monkeypatch.setattr(operations, "AT_ONCE", 15)
    job = bulk_jobs.start_retry(dead_letters(60), ANA)
    while not BulkJob.objects.get().ended_at:
        together(*[lambda: bulk_jobs.advance(job.pk) for _ in range(4)], lambda: work(7))
    assert states(job) == {"delivered": 60}
    assert set(requeued().values()) == {1}
    check()


@pytest.mark.django_db(transaction=True)
def test_job_that_is_paused_resumed_and_cancelled_while_it_advances_loses_no_item(dead_letters):
    job = bulk_jobs.start_retry(dead_letters(60), ANA)
    for _ in range(4):
        together(
            lambda: bulk_jobs.advance(job.pk),
            lambda: work(7),
            lambda: bulk_jobs.pause([job.pk], actor=ANA),
            lambda: bulk_jobs.resume([job.pk], actor=BIA),
        )
    together(
        lambda: bulk_jobs.advance(job.pk), lambda: work(3), lambda: bulk_jobs.cancel([job.pk], actor=ANA)
    )
    work(), bulk_jobs.advance(job.pk)
    found = states(job)
    assert set(found) <= {"delivered", "left"}
    assert DeadLetter.objects.filter(status="open").count() == found.get("left", 0)
    check()


def test_one_job_that_cannot_be_advanced_keeps_no_other_back(dead_letters, monkeypatch):
    one, two = bulk_jobs.start_retry(dead_letters(5), ANA), bulk_jobs.start_retry(dead_letters(5), ANA)
    work()
    step = bulk_jobs._step

    def broken(job):
        if job == one:
            raise ValueError
        step(job)

    monkeypatch.setattr(bulk_jobs, "_step", broken)
    bulk_jobs.advance_all()
    assert states(one)["sent"] == 1
    assert states(two) == {"delivered": 1, "sent": 4}


def test_a_step_asks_the_same_number_of_statements_for_few_and_for_many(dead_letters):
    asked = []
    for count in (20, 120):
        job = bulk_jobs.start_retry(dead_letters(count), ANA)
        work(), bulk_jobs.advance(job.pk), work()
        with CaptureQueriesContext(connection) as queries:
            bulk_jobs.advance(job.pk)
        assert states(job)["sent"] == count - 11
        asked.append(len(queries))
        work()
    assert asked[0] == asked[1]


def test_bulk_is_undone_within_a_minute_by_who_began_it(dead_letters):
    ids = dead_letters(20)
    job = bulk_jobs.start_retry(ids, ANA)
    assert bulk_jobs.undo([job.pk], actor=BIA) == []
    BulkJob.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    assert bulk_jobs.undo([job.pk], actor=ANA) == []
    BulkJob.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    assert bulk_jobs.undo([job.pk], actor=ANA) == [job.pk]
    assert list(DeadLetter.objects.filter(status="open").order_by("pk").values_list("pk", flat=True)) == ids
    assert AuditEntry.objects.filter(action="bulk.undo", target=f"bulk_job {job.pk}").count() == 1
    check()


def test_archive_is_undone_within_a_minute_by_who_did_it_and_only_what_is_still_so(dead_letters):
    ids = dead_letters(5)
    operations.archive(ids, actor=ANA)
    assert operations.undo_archive(ids, actor=BIA) == []
    operations.restore(ids[:1], actor=BIA)
    operations.archive(ids[:1], actor=BIA)
    DeadLetter.objects.filter(pk=ids[1]).update(closed_at=timezone.now() - timedelta(seconds=61))
    assert operations.undo_archive(ids, actor=ANA) == ids[2:]
    assert set(DeadLetter.objects.filter(status="archived").values_list("pk", flat=True)) == set(ids[:2])
    check()


def test_items_of_a_job_are_removed_with_their_events_and_then_the_job(dead_letters):
    job = bulk_jobs.start_retry(dead_letters(3), ANA)
    at_work(job)
    retention.prune()
    assert BulkItem.objects.count() == 3
    Event.objects.update(received_at=timezone.now() - timedelta(days=366))
    retention.prune()
    assert not BulkItem.objects.exists()
    assert not BulkJob.objects.exists()


def test_what_is_sent_in_stages_is_one_move_of_its_system_and_a_retry_after_it_another(dead_letters):
    ids = dead_letters(32)
    at_work(bulk_jobs.start_retry(ids, ANA), refused={32})
    last = system_moves.of(["billing"], most=1)["billing"]
    assert [move.action for move in last] == ["bulk.start"]
    said = system_moves.what_became_of_items("billing", last)
    assert said == {last[0].pk: "31 resolvidos, 1 precisa de você"}
    operations.retry(ids[-1:], actor=ANA)
    actions = [move.action for move in system_moves.of(["billing"], most=5)["billing"]]
    assert actions == ["dead_letter.retry", "bulk.start"]
