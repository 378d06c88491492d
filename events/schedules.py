"""The schedules of the engine's own tasks: made once, from then on the operators'."""

from django_celery_beat.models import IntervalSchedule, PeriodicTask


def ensure_schedules() -> None:
    """A schedule for each task that has none yet; one that an operator changed stays as it is."""
    ensure("events.recover", every_seconds=5, expire_seconds=10)
    ensure("events.advance_bulk_jobs", every_seconds=5, expire_seconds=10)
    ensure("events.close_superseded", every_seconds=20, expire_seconds=20)
    ensure("events.send_escalations", every_seconds=10, expire_seconds=10)
    ensure("events.send_webhooks", every_seconds=5, expire_seconds=10)
    ensure("events.fold_counts", every_seconds=10, expire_seconds=10)
    ensure("events.prune", every_seconds=600, expire_seconds=300)


def ensure(task: str, *, every_seconds: int, expire_seconds: int) -> None:
    """A task's schedule, unless there is one. A message older than `expire_seconds` does nothing."""
    interval, _made = IntervalSchedule.objects.get_or_create(
        every=every_seconds, period=IntervalSchedule.SECONDS
    )
    PeriodicTask.objects.get_or_create(
        name=task, defaults={"task": task, "interval": interval, "expire_seconds": expire_seconds}
    )
