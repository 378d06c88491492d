"""Schedules live in django-celery-beat: made once for each job, from then on the operators'."""

from celery.schedules import crontab
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from events.schedules import ensure
from sync.job import Job
from sync.models import SyncJob

TASK = "sync.run"
QUEUE = "sync"


def ensure_jobs() -> None:
    """A row for each declared job and, with the row, its first schedule. A deleted one stays deleted."""
    for job in Job.registry.values():
        with transaction.atomic():
            if SyncJob.objects.get_or_create(name=job.name)[1]:
                _make_schedule(job)
    ensure("sync.watch", every_seconds=15, expire_seconds=30)
    ensure("sync.prune", every_seconds=3600, expire_seconds=1800)


def _make_schedule(job: Job) -> None:
    PeriodicTask.objects.get_or_create(
        name=job.name,
        defaults={"task": TASK, "args": f'["{job.name}"]', "queue": QUEUE, "crontab": _stored(job.schedule)},
    )


def _stored(cron: crontab) -> CrontabSchedule:
    row: CrontabSchedule = CrontabSchedule.from_schedule(cron)
    if row.pk is None:
        row.save()
    return row


def by_job() -> dict[str, PeriodicTask]:
    """The schedule of each job that has one."""
    rows = PeriodicTask.objects.filter(task=TASK).select_related("crontab", "interval")
    return {row.name: row for row in rows}
