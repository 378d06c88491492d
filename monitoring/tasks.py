"""What monitoring does by itself, and when. A task only calls the module that does it."""

from typing import Any

from celery import shared_task
from celery.signals import beat_init, worker_ready
from django.conf import settings
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from carinho.access import audit_log
from carinho.schedules import ensure
from monitoring import alerts, charts, erasure, heartbeats, report

worker_ready.connect(heartbeats.of_worker, dispatch_uid="monitoring.worker")
beat_init.connect(heartbeats.of_beat, dispatch_uid="monitoring.beat")


@shared_task(name="monitoring.pulse", ignore_result=True)
def pulse() -> None:
    """That this runs proves beat, broker and worker together."""
    heartbeats.beat("scheduler")


@shared_task(name="monitoring.evaluate", ignore_result=True)
def evaluate() -> None:
    alerts.evaluate()


@shared_task(name="monitoring.sample", ignore_result=True)
def sample() -> None:
    """The samples themselves are taken by `evaluate`, which measures the queues anyway."""
    charts.prune_samples()


@shared_task(name="monitoring.erase", ignore_result=True)
def erase() -> None:
    erasure.advance()


@shared_task(name="monitoring.seal_audit_log", ignore_result=True)
def seal_audit_log() -> None:
    while audit_log.seal_new():
        pass


@shared_task(name="monitoring.daily_report", ignore_result=True)
def daily_report() -> None:
    report.send_daily()


@shared_task(name="monitoring.weekly_report", ignore_result=True)
def weekly_report() -> None:
    report.send_weekly()


def ensure_schedules(**_: Any) -> None:
    """A schedule for each task that has none yet; one that an operator changed stays as it is."""
    ensure("monitoring.pulse", every_seconds=15, expire_seconds=15)
    ensure("monitoring.evaluate", every_seconds=15, expire_seconds=15)
    ensure("monitoring.sample", every_seconds=300, expire_seconds=300)
    ensure("monitoring.erase", every_seconds=30, expire_seconds=30)
    ensure("monitoring.seal_audit_log", every_seconds=10, expire_seconds=10)
    for task, day_of_week in (("monitoring.daily_report", "*"), ("monitoring.weekly_report", "1")):
        # at 07:45 and, since a task that has nothing left to do does nothing, each hour until noon
        mornings, _is_new = CrontabSchedule.objects.get_or_create(
            minute="45",
            hour="7-12",
            day_of_week=day_of_week,
            day_of_month="*",
            month_of_year="*",
            timezone=settings.TIME_ZONE,
        )
        PeriodicTask.objects.get_or_create(name=task, defaults={"task": task, "crontab": mornings})
