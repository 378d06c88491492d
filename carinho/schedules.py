"""The schedules of the hub's own tasks: made once, from then on the operators'."""

from django_celery_beat.models import IntervalSchedule, PeriodicTask


def ensure(task: str, *, every_seconds: int, expire_seconds: int) -> None:
    """A task's schedule, unless there is one. A message older than `expire_seconds` does nothing."""
    interval, _made = IntervalSchedule.objects.get_or_create(
        every=every_seconds, period=IntervalSchedule.SECONDS
    )
    PeriodicTask.objects.get_or_create(
        name=task, defaults={"task": task, "interval": interval, "expire_seconds": expire_seconds}
    )
