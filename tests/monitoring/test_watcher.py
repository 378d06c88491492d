"""The threads that watch by themselves go on, whatever happens in them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import alerts, heartbeats, watcher

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [ValueError, RuntimeError, KeyError, OSError])
def test_watch_of_the_web_process_survives_any_error(monkeypatch, error):
    def broken(*_args):
        raise error("not of the database")

    monkeypatch.setattr(alerts, "evaluate", broken)
    watcher.evaluate_if_overdue()


def test_sign_of_life_survives_any_error(monkeypatch):
    def broken(*_args):
        raise RuntimeError("not of the database")

    monkeypatch.setattr(heartbeats, "beat", broken)
    heartbeats._beat_once("worker")


def test_part_that_was_never_seen_is_told_from_one_that_was():
    now = timezone.now()
    heartbeats.beat("worker", now - timedelta(seconds=70))
    silence = heartbeats.staleness(now)
    assert round(silence["worker"]) == 70
    assert silence["beat"] is None
