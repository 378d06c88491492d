"""Beat ends when it is told to, whatever it is doing."""

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
