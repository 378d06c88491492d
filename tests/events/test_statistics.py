"""The hourly counts equal a recount of the rows, whatever happened in whatever order."""

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carinho.locks import connection_parameters
from carinho.services.errors import Rejected, Unavailable
from events import dead_letter_counts, operations, statistics
from events.engine import attempt, lane, recovery
from events.engine.transitions import claim
from events.models import Attempt, DeadLetter, Delivery, Event, HourlyCount, Measure

pytestmark = pytest.mark.django_db(transaction=True)

RECOUNTS = {
    Measure.EVENT: """
        SELECT date_trunc('hour', received_at, 'UTC'), source, type, status, count(*) FROM events_event
        GROUP BY 1, 2, 3, 4
    """,
    Measure.DEAD_LETTER: """
        SELECT date_trunc('hour', created_at, 'UTC'), service, cause, kind, count(*) FROM events_deadletter
        GROUP BY 1, 2, 3, 4
    """,
    Measure.DEAD_LETTER_STATUS: """
        SELECT date_trunc('hour', created_at, 'UTC'), service, cause, status, count(*) FROM events_deadletter
        GROUP BY 1, 2, 3, 4
    """,
    Measure.DEAD_LETTER_STATUS_BY_TYPE: """
        SELECT date_trunc('hour', created_at, 'UTC'), service, event_type, status, count(*)
        FROM events_deadletter GROUP BY 1, 2, 3, 4
    """,
    Measure.ATTEMPT_MS: """
        SELECT date_trunc('hour', started_at, 'UTC'), service, outcome, '', sum(duration_ms)
        FROM events_attempt JOIN events_delivery AS delivery ON delivery.id = delivery_id GROUP BY 1, 2, 3
        HAVING sum(duration_ms) > 0
    """,
}


def everything(measure):
    now = timezone.now()
    columns = ("hour", "service", "name", "detail")
    return statistics.sums(measure, now - timedelta(days=400), now + timedelta(days=1), columns)


def recount(measure):
    with connection.cursor() as cursor:
        cursor.execute(RECOUNTS[measure])
        return {tuple(row[:4]): int(row[4]) for row in cursor.fetchall()}


def counts_are_exact():
    for measure in RECOUNTS:
        assert everything(measure) == recount(measure)
    assert sum(everything(Measure.ATTEMPT).values()) == Attempt.objects.count()
    by_outcome = Counter()
    for (_hour, _service, outcome, _bucket), amount in everything(Measure.ATTEMPT).items():
        by_outcome[outcome] += amount
    assert by_outcome == Counter(Attempt.objects.values_list("outcome", flat=True))


def totals_are_exact():
    for measure in Measure:
        by_kind = Counter()
        for (_hour, *kind), amount in everything(measure).items():
            by_kind[tuple(kind)] += amount
        assert statistics.totals(measure) == +by_kind


def ended(taken, how):
    if how == "done":
        return attempt.finish(taken, None)
    if how == "held":
        return attempt.hold(taken)
    if how == "rejected":
        return attempt.fail(taken, "rejected", Rejected("no", doing="add hours", system="Billing"))
    return attempt.retry_later(taken, Unavailable("later", doing="add hours", system="Billing"))


def run_some(how, places):
    Delivery.objects.filter(status="queued").update(due_at=timezone.now())
    results = [ended(taken, how) for taken in claim("billing", places)]
    for number, result in enumerate(results):
        result.duration_ms = 3 + number * 700
    if results:
        lane.write(results)


def dead_letters(status):
    return list(DeadLetter.objects.filter(status=status).values_list("pk", flat=True))


DOES = {
    "done": lambda n: run_some("done", n),
    "held": lambda n: run_some("held", n),
    "rejected": lambda n: run_some("rejected", n),
    "unavailable": lambda n: run_some("unavailable", n),
    "retry": lambda n: operations.retry(dead_letters("open")[:n], actor="user:ana"),
    "archive": lambda n: operations.archive(dead_letters("open")[:n], actor="user:ana"),
    "restore": lambda n: operations.restore(dead_letters("archived")[:n], actor="user:ana"),
    "give_up": lambda n: operations.give_up(
        list(operations.retrying().values_list("pk", flat=True)[:n]), actor="user:ana"
    ),
    "fold": lambda n: statistics.fold(),
    "lapse": lambda n: recovery.return_lapsed(),
}
GESTURES = st.lists(st.tuples(st.sampled_from(["ingest", *DOES]), st.integers(1, 4)), max_size=25)


@pytest.fixture(autouse=True)
def silence(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(GESTURES)
def test_counts_equal_a_recount_after_any_traffic(make_event, gestures):
    number = Event.objects.count() * 100
    for name, times in gestures:
        for _ in range(times if name == "ingest" else 0):
            number += 1
            make_event(number, close=number % 2 == 0)
        if name != "ingest":
            DOES[name](times)
    counts_are_exact()
    totals_are_exact()
    statistics.fold()
    counts_are_exact()
    totals_are_exact()


def test_counts_are_exact_with_two_workers_at_once(make_event):
    for number in range(1, 41):
        make_event(number)

    def work(how):
        try:
            for _ in range(12):
                run_some(how, 2)
                statistics.fold()
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[how]) for how in ("done", "rejected")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    counts_are_exact()


def test_folding_reads_each_count_once_however_empty_the_table_seemed():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_countdelta (measure, hour, service, name, detail, amount)"
            " SELECT %s, date_trunc('hour', now()), 'crm', '', '', 1 FROM generate_series(1, 500)",
            [Measure.ATTEMPT],
        )
        with psycopg.connect(**connection_parameters(), autocommit=True) as other:
            other.execute("ANALYZE events_countdelta")  # as autovacuum does: it sees none of these rows
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT TEXT) {statistics.FOLD}", [statistics.BATCH])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "rows=500.00 " in plan
    assert "Removed by Join Filter" not in plan


def test_what_is_rolled_back_is_not_counted(make_event):
    with transaction.atomic():
        make_event(1)
        transaction.set_rollback(True)
    assert everything(Measure.EVENT) == {}


def test_pruned_rows_stay_counted(make_event):
    event = make_event(1)
    run_some("done", 1)
    before = everything(Measure.EVENT)
    Attempt.objects.all().delete()
    Delivery.objects.all().delete()
    Event.objects.filter(pk=event.pk).delete()
    assert everything(Measure.EVENT) == before


def test_dead_letters_are_counted_by_what_they_are_until_they_are_removed(make_event):
    for number in range(3):
        make_event(number + 1)
    run_some("rejected", 3)
    first, second, third = dead_letters("open")
    moment = timezone.now() - timedelta(days=1)
    for pk, seconds in ((first, -1), (second, 1), (third, 7200)):
        DeadLetter.objects.filter(pk=pk).update(created_at=moment + timedelta(seconds=seconds))
    statistics.fold()
    operations.archive([third], actor="user:ana")
    [lately, ever] = dead_letter_counts.since(moment, moment - timedelta(days=1))
    assert (lately, ever) == ({"open": 1, "archived": 1}, {"open": 2, "archived": 1})
    assert dead_letter_counts.now().by_service == {"billing": 2}
    DeadLetter.objects.filter(pk=first).delete()
    assert dead_letter_counts.open_now() == 1
    for measure in (Measure.DEAD_LETTER_STATUS, Measure.DEAD_LETTER_STATUS_BY_TYPE):
        assert everything(measure) == recount(measure)


def test_hour_belongs_to_its_day_in_sao_paulo_also_where_the_clocks_changed():
    hours = {
        datetime(2018, 11, 4, 2, tzinfo=UTC): 1,  # 23:00 of the third
        datetime(2018, 11, 4, 3, tzinfo=UTC): 2,  # 01:00, for no clock showed midnight
        datetime(2018, 11, 5, 1, tzinfo=UTC): 4,  # 23:00 by the summer's clock
        datetime(2018, 11, 5, 2, tzinfo=UTC): 8,
    }
    given = {"measure": Measure.ATTEMPT, "service": "crm", "detail": "5"}
    HourlyCount.objects.bulk_create(
        HourlyCount(hour=hour, name=name, amount=amount, **given)
        for hour, amount in hours.items()
        for name in ("done", "rejected")
    )
    since, until = datetime(2018, 11, 3, 3, tzinfo=UTC), datetime(2018, 11, 6, 2, tzinfo=UTC)
    days = {date(2018, 11, 3): 1, date(2018, 11, 4): 6, date(2018, 11, 5): 8}
    by_day = statistics.sums(Measure.ATTEMPT, since, until, ["day"], only="done")
    assert by_day == {(day,): amount for day, amount in days.items()}
    by_name = statistics.sums(Measure.ATTEMPT, since, until, ["service", "day", "name"])
    assert by_name == {
        ("crm", day, name): amount for day, amount in days.items() for name in ("done", "rejected")
    }
