"""Beat ends when it is told to, whatever it is doing."""

from functools import partial

import pytest
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from django_celery_beat.schedulers import DatabaseScheduler

from carinho.scheduler import Scheduler


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, db: None) -> list[str]:
    """What stands for the schedule in the database: when it is written is seen, nothing else."""
    times: list[str] = []
    monkeypatch.setattr(DatabaseScheduler, "sync", lambda self: times.append("written"))
    connection.ensure_connection()
    return times


def test_end_in_the_midst_of_a_query_asks_nothing_of_the_connection_that_waits(written: list[str]) -> None:
    with connection.connection.lock:
        Scheduler.__new__(Scheduler).sync()
    assert not written


def test_end_between_queries_writes_when_tasks_were_sent(written: list[str]) -> None:
    Scheduler.__new__(Scheduler).sync()
    assert written == ["written"]


def test_hub_runs_this_scheduler() -> None:
    assert import_string(settings.CELERY_BEAT_SCHEDULER.replace(":", ".")) is Scheduler


def test_database_is_asked_for_changes_no_more_often_than_while_nothing_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DatabaseScheduler, "schedule_changed", lambda self: True)
    scheduler = Scheduler.__new__(Scheduler)
    scheduler.max_interval = 5
    answers = []
    for now in (1000.0, 1001.0, 1004.0, 1006.0, 1010.0, 1012.0):
        monkeypatch.setattr("time.monotonic", partial(float, now))
        answers.append(scheduler.schedule_changed())
    assert answers == [True, False, False, True, False, True]


def test_schedules_are_taken_for_others_once_after_they_were_read() -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler._heap_invalidated = True
    assert [scheduler.schedules_equal({}, {}) for _ in range(3)] == [False, True, True]
