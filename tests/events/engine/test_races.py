"""What must hold when several do the same at the same instant: real threads on the real database."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from events import operations
from events.engine import attempt, lane, transitions
from events.intake import envelope, ingestion
from events.models import DeadLetter, Delivery, Event

pytestmark = pytest.mark.django_db(transaction=True)


def together(*actions):
    """Run the actions in threads that start at the same instant; their results in order."""
    gate = threading.Barrier(len(actions))

    def run(action):
        try:
            gate.wait()
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def visit(id=1, **data):
    return envelope.read(
        {"type": "visit.finished", "id": f"visit-{id}", "data": {"id": id} | data}, source="operacao"
    )


def test_twenty_equal_events_at_once_make_one_event_with_nineteen_repeats(flow, db):
    receipts = together(*[lambda: ingestion.accept([visit()])[0] for _ in range(20)])
    assert sum(not receipt.is_duplicate for receipt in receipts) == 1
    assert len({receipt.event_id for receipt in receipts}) == 1
    event = Event.objects.get()
    assert event.duplicates == 19
    assert event.deliveries.count() == 1


def test_batches_with_the_same_ids_crosswise_both_get_their_answers(flow, db):
    there = [visit(id) for id in range(1, 61)]
    for _ in range(3):
        answers = together(lambda: ingestion.accept(there), lambda: ingestion.accept(there[::-1]))
        assert [item.event_id for item in answers[0]] == [item.event_id for item in answers[1][::-1]]
    assert Event.objects.count() == 60


def test_same_id_with_other_data_is_a_conflict_and_changes_nothing(flow, db):
    first = ingestion.accept([visit(1)])[0]
    other = envelope.read({"type": "visit.finished", "id": "visit-1", "data": {"id": 2}}, source="operacao")
    answer = ingestion.accept([other])[0]
    assert isinstance(answer, ingestion.Conflict)
    assert str(first.event_id) in answer.detail
    assert Event.objects.get().data["id"] == 1


def test_two_lanes_that_finish_one_event_at_the_same_instant_leave_it_processed(make_event, calls):
    for id in range(1, 13):
        make_event(id, chat=True)
        calls.put(f"https://billing.test/visits/{id}/hours", json={})
        calls.post(f"https://billing.test/visits/{id}/close", json={})
    results = {
        name: [attempt.attempt(claim) for claim in transitions.claim(name, 50)]
        for name in ("billing", "chat")
    }
    together(*[lambda item=item: lane.write([item]) for items in results.values() for item in items])
    assert set(Event.objects.values_list("status", flat=True)) == {"processed"}


def test_two_claimers_never_hold_one_person_twice(make_delivery):
    for id in range(1, 31):
        make_delivery(id, family=f"family-{id % 3}")
    taken = together(*[lambda: transitions.claim("billing", 10) for _ in range(4)])
    ids = [claim.id for claims_of_one in taken for claim in claims_of_one]
    assert len(ids) == len(set(ids))
    running = Delivery.objects.filter(status="running")
    assert running.count() == len(ids)
    assert running.values("subject").distinct().count() == len(ids)


def test_one_of_many_operators_retries_an_item(make_delivery):
    row = make_delivery()
    Delivery.objects.update(status="dead", due_at=None)
    dead_letter = DeadLetter.objects.create(
        delivery=row, event=row.event, event_type="visit.finished", service="billing", step="add_hours",
        kind="rejected", cause="invalid_data", reason="Failed",
    )  # fmt: skip
    moved = together(*[lambda: operations.retry([dead_letter.pk], actor="user:ana") for _ in range(8)])
    assert sorted(map(len, moved)) == [0] * 7 + [1]


def test_retry_and_archive_of_the_same_items_at_once_leave_each_item_with_one_of_them(make_delivery):
    rows = [make_delivery(id) for id in range(1, 21)]
    Delivery.objects.update(status="dead", due_at=None)
    dead_letters = [
        DeadLetter.objects.create(
            delivery=row, event=row.event, event_type="visit.finished", service="billing", step="add_hours",
            kind="rejected", cause="invalid_data", reason="Failed",
        )
        for row in rows
    ]  # fmt: skip
    ids = [dead_letter.pk for dead_letter in dead_letters]
    retried, archived = together(
        lambda: operations.retry(ids, actor="user:ana"),
        lambda: operations.archive(ids[::-1], actor="user:bia"),
    )
    assert sorted(retried + archived) == ids
    assert Delivery.objects.filter(status="queued").count() == len(retried)
    assert Delivery.objects.filter(skip_cause="archived").count() == len(archived)
