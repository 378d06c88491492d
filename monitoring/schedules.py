"""When monitoring does by itself what it does by itself: made once, from then on the operators'."""

from typing import Any

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from events.schedules import ensure


def ensure_schedules(**_: Any) -> None:
    """A schedule for each task that has none yet; one that an operator changed stays as it is."""
    ensure("monitoring.pulse", every_seconds=15, expire_seconds=15)
    ensure("monitoring.look", every_seconds=15, expire_seconds=15)
    ensure("monitoring.sample", every_seconds=300, expire_seconds=300)
    _ensure_mornings("monitoring.daily_report", day_of_week="*")
    _ensure_mornings("monitoring.weekly_report", day_of_week="1")


def _ensure_mornings(task: str, *, day_of_week: str) -> None:
    """At 07:45 and, since a task that has nothing left to do does nothing, each hour until noon."""
    mornings, _ = CrontabSchedule.objects.get_or_create(
        minute="45",
        hour="7-12",
        day_of_week=day_of_week,
        day_of_month="*",
        month_of_year="*",
        timezone=settings.TIME_ZONE,
    )
    PeriodicTask.objects.get_or_create(name=task, defaults={"task": task, "crontab": mornings})
