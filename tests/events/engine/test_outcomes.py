"""What is written of a batch of ends, together and in one transaction."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from carinho.services.errors import Unavailable
from events.engine import attempt, lane, transitions
from events.models import Delivery, Event, SkipCause

pytestmark = pytest.mark.django_db

AWAY = Unavailable("No connection", doing="add hours", system="Billing")


@pytest.fixture
def row(make_delivery):
    return make_delivery()


def written(row, end, *, is_probe=False, **columns):
    """The delivery after its claim, which these columns preceded, came to such an end."""
    Delivery.objects.filter(pk=row.pk).update(**columns)
    [claim] = transitions.claim("billing", 1, is_probe=is_probe)
    lane.write([end(claim)])
    row.refresh_from_db()
    return row


def test_batch_that_all_systems_took_is_written_in_two_statements_however_large(make_delivery):
    for id in (1, 2, 3):
        make_delivery(id)
    # a person has one at a time, and the clock stands still in a transaction
    Delivery.objects.update(subject="", due_at=timezone.now() - timedelta(hours=1))
    results = [attempt.finish(claim, None) for claim in transitions.claim("billing", 3)]
    with CaptureQueriesContext(connection) as ran:
        lane.write(results)
    statements = [query for query in ran if "SAVEPOINT" not in (query["sql"] or "")]
    assert len(results) == 3
    # the ends, attempts and events' rows; the events' status. Dead letters are not looked for
    assert len(statements) == 2, statements


def test_held_delivery_keeps_its_attempts_its_doubt_and_its_last_error(row):
    since = timezone.now() - timedelta(hours=1)
    written(row, attempt.hold, attempts=2, error="Earlier", held_since=since, in_doubt_since=since)
    assert (row.status, row.attempts, row.error) == ("queued", 2, "Earlier")
    assert (row.held_since, row.in_doubt_since, row.leased_until) == (since, since, None)
    assert not row.attempt_log.exists()


def test_delivery_that_a_probe_failed_on_is_held_since_it_was_first_due(row):
    due_at = timezone.now() - timedelta(hours=1)
    written(row, lambda claim: attempt.retry_later(claim, AWAY), is_probe=True, due_at=due_at)
    assert (row.status, row.attempts, row.held_since) == ("queued", 0, due_at)
    assert row.due_at > due_at
    written(row, lambda claim: attempt.retry_later(claim, AWAY), is_probe=True, due_at=due_at)
    assert row.held_since == due_at
    assert row.attempt_log.filter(is_probe=True).count() == 2


def test_attempt_that_was_made_ends_the_hold_and_keeps_the_doubt_while_it_waits(row):
    since = timezone.now() - timedelta(hours=1)
    written(row, lambda claim: attempt.retry_later(claim, AWAY), held_since=since, in_doubt_since=since)
    assert (row.status, row.attempts, row.held_since, row.in_doubt_since) == ("queued", 1, None, since)
    assert row.error == "Failed to add hours in Billing: No connection"
    assert row.due_at > timezone.now() + timedelta(seconds=50)


def test_attempt_is_kept_with_its_exchange(row):
    def end(claim):
        result = attempt.retry_later(claim, AWAY)
        result.status_code, result.sent, result.answered, result.duration_ms = 503, "PUT", "busy", 70
        return result

    kept = written(row, end).attempt_log.get()
    assert (kept.outcome, kept.is_probe, kept.duration_ms) == ("unavailable", False, 70)
    assert (kept.status_code, kept.sent, kept.answered) == (503, "PUT", "busy")
    assert kept.error == "Failed to add hours in Billing: No connection"


def test_done_delivery_has_its_result_and_no_error_or_doubt(row):
    since = timezone.now()
    written(row, lambda claim: attempt.finish(claim, {"hours": 7}), error="Earlier", in_doubt_since=since)
    assert (row.status, row.result, row.error, row.attempts) == ("done", {"hours": 7}, "", 1)
    assert (row.in_doubt_since, row.finished_at is not None) == (None, True)


def test_result_of_an_earlier_success_stays_when_a_repeat_returns_none(row):
    written(row, lambda claim: attempt.finish(claim, None), result={"hours": 7})
    assert row.result == {"hours": 7}


def test_skipped_delivery_spends_no_attempt_and_says_when_it_ended(row):
    written(row, lambda claim: attempt.skip(claim, SkipCause.UNWANTED), attempts=1)
    assert (row.status, row.attempts, row.finished_at is not None) == ("skipped", 1, True)


def test_emitted_event_is_stored_once_with_what_caused_it(row):
    Event.objects.update(request_id="request-1", trace_id="0af7651916cd43dd8448eb211c80319c")
    [claim] = transitions.claim("billing", 1)
    visit = {"id": 43, "family": "other"}
    claim.event.emit("visit.finished", visit, source="operacao", key="visit-43")
    lane.write([attempt.finish(claim, None)])
    emitted = Event.objects.get(key="visit-43")
    assert (emitted.caused_by_id, emitted.source, emitted.data["id"]) == (row.event_id, "operacao", 43)
    assert (emitted.request_id, emitted.trace_id) == ("request-1", "0af7651916cd43dd8448eb211c80319c")
    assert emitted.deliveries.get().status == "queued"


def test_result_whose_lease_was_lost_leaves_no_attempt_and_is_logged(row, caplog):
    [claim] = transitions.claim("billing", 1)
    Delivery.objects.update(leased_until=timezone.now() + timedelta(hours=1))
    lane.write([attempt.finish(claim, None)])
    assert not row.attempt_log.exists()
    assert [record.delivery_id for record in caplog.records] == [row.pk]


def test_database_that_stays_away_is_not_blamed_on_the_results(row, monkeypatch):
    [claim] = transitions.claim("billing", 1)
    errors = [ValueError("cannot be stored together"), OperationalError("gone")]

    def fails(results, **_):
        raise errors.pop(0)

    monkeypatch.setattr(lane, "_write_patiently", fails)
    with pytest.raises(OperationalError):
        lane.write_all([attempt.finish(claim, None)])
    errors.append(OperationalError("gone"))
    with pytest.raises(OperationalError):
        lane.write_all([attempt.finish(claim, None)])
    row.refresh_from_db()
    assert row.status == "running"


def test_lock_takes_deliveries_in_one_statement(row, django_assert_num_queries):
    with django_assert_num_queries(1):
        transitions.lock([row.pk])
    with django_assert_num_queries(0):
        transitions.lock([])
