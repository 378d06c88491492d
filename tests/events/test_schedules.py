"""What the engine does by itself is scheduled in the database, where operators may change it."""

import pytest
from celery import current_app
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from events.apps import ensure_schedules

pytestmark = pytest.mark.django_db(transaction=True)  # beat opens a connection of its own


def beat():
    """Beat as it starts: the entries it would send."""
    return DatabaseScheduler(app=current_app._get_current_object()).schedule


def test_recovery_fold_and_prune_are_due_right_after_a_migration():
    entries = {name: entry for name, entry in beat().items() if name.startswith("events.")}
    assert {
        name: (entry.task, entry.schedule.run_every.total_seconds(), entry.options["expires"])
        for name, entry in entries.items()
    } == {
        "events.recover": ("events.recover", 5, 10),
        "events.advance_bulk_jobs": ("events.advance_bulk_jobs", 5, 10),
        "events.close_superseded": ("events.close_superseded", 20, 20),
        "events.send_escalations": ("events.send_escalations", 10, 10),
        "events.send_webhooks": ("events.send_webhooks", 5, 10),
        "events.fold_counts": ("events.fold_counts", 10, 10),
        "events.prune": ("events.prune", 600, 300),
    }


def test_workers_know_every_task_that_is_scheduled_wherever_it_stands_by_its_stored_name():
    current_app.loader.import_default_modules()
    assert {entry.task for entry in beat().values()} <= current_app.tasks.keys()
    assert current_app.tasks["events.send_webhooks"].run.__module__ == "carinho.webhooks.tasks"


def test_what_an_operator_changed_outlives_a_start_of_beat_and_a_migration():
    slower = IntervalSchedule.objects.create(every=30, period="seconds")
    PeriodicTask.objects.filter(name="events.recover").update(interval=slower)
    PeriodicTask.objects.filter(name="events.prune").update(enabled=False)
    beat()
    ensure_schedules()
    assert PeriodicTask.objects.get(name="events.recover").interval == slower
    assert not PeriodicTask.objects.get(name="events.prune").enabled


def test_schedule_that_is_gone_is_made_anew():
    PeriodicTask.objects.filter(name="events.recover").delete()
    ensure_schedules()
    assert PeriodicTask.objects.get(name="events.recover").enabled
