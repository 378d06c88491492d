"""When a job runs: its schedule lies in django-celery-beat, made once and from then on the operators'."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from celery.schedules import ParseException, crontab
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks

from carinho.access.audit_log import Audited
from carinho.schedules import ensure
from sync.job import Job
from sync.models import SyncJob

TASK = "sync.run"
QUEUE = "sync"
FARTHEST = 366 * 4  # days; the 29th of February is that far away
ONE_DAY = timedelta(days=1)

PAUSED = Audited("sync.pause", gettext_lazy("pausou a sincronização"), is_about_system=True)
RESUMED = Audited("sync.resume", gettext_lazy("retomou a sincronização"))


def ensure_jobs() -> None:
    """A row for each declared job and, with the row, its first schedule. A deleted one stays deleted."""
    for job in Job.registry.values():
        with transaction.atomic():
            if SyncJob.objects.get_or_create(name=job.name)[1]:
                task = {
                    "task": TASK,
                    "args": f'["{job.name}"]',
                    "queue": QUEUE,
                    "crontab": _stored(job.schedule),
                }
                PeriodicTask.objects.get_or_create(name=job.name, defaults=task)
    ensure("sync.watch", every_seconds=15, expire_seconds=30)
    ensure("sync.prune", every_seconds=3600, expire_seconds=1800)


def _stored(cron: crontab) -> CrontabSchedule:
    row: CrontabSchedule = CrontabSchedule.from_schedule(cron)
    if row.pk is None:
        row.save()
    return row


def by_job() -> dict[str, PeriodicTask]:
    rows = PeriodicTask.objects.filter(task=TASK).select_related("crontab", "interval")
    return {row.name: row for row in rows}


def pause(name: str, *, actor: str, reason: str = "") -> bool:
    """Take a job out of its schedule; False for one without."""
    columns = {"paused_at": Now(), "paused_by": actor, "pause_reason": reason}
    return _set_enabled(name, False, actor, PAUSED, columns)


def resume(name: str, *, actor: str) -> bool:
    """Put a job back into its schedule; False for one without."""
    columns = {"paused_at": None, "paused_by": "", "pause_reason": "", "resumed_at": Now()}
    return _set_enabled(name, True, actor, RESUMED, columns)


def _set_enabled(name: str, enabled: bool, actor: str, action: Audited, columns: Mapping[str, Any]) -> bool:
    """Only what is the operator's is written: the counters beside it are beat's."""
    own = {"enabled": enabled, "date_changed": Now()} | ({} if enabled else {"last_run_at": None})
    with transaction.atomic():
        if not PeriodicTask.objects.filter(name=name).update(**own):
            return False
        PeriodicTasks.update_changed()  # beat reads the schedule anew
        SyncJob.objects.filter(name=name).update(**columns)
        action.record(actor, name, {"reason": columns.get("pause_reason", "")})
    return True


def due_times(task: PeriodicTask | None, now: datetime) -> "DueTimes | None":
    """What a row of django-celery-beat says; None for one that is off, missing, or due by no rule of time.

    Raises nothing, whatever an operator or another program wrote there.
    """
    if task is None or not task.enabled or (task.crontab is None and task.interval is None):
        return None
    try:
        if task.crontab is not None:
            zone = task.crontab.timezone or timezone.get_default_timezone()
            times: DueTimes = CalendarTimes(_read(*_fields(task.crontab)), zone)
        else:
            times = IntervalTimes(task.interval.schedule.run_every, task.last_run_at)
        if times.next_after(now) is not None:
            return times
    except (ValueError, ParseException, OverflowError):
        pass  # celery raises something else for each mistake
    return NoTimes(_("A agenda “%s” não existe ou nunca chega. Corrija-a em Agendas.") % as_typed(task))


def as_typed(task: PeriodicTask) -> str:
    if task.crontab is not None:
        return " ".join(_fields(task.crontab))
    return f"{task.interval.every} {task.interval.period}"


def _fields(row: CrontabSchedule) -> tuple[str, str, str, str, str]:
    return row.minute, row.hour, row.day_of_month, row.month_of_year, row.day_of_week


@lru_cache(maxsize=100)
def _read(minute: str, hour: str, day_of_month: str, month_of_year: str, day_of_week: str) -> crontab:
    """Kept: each page asks when the same few are due, and django-celery-beat reads a row's fields twice."""
    return crontab(
        minute=minute,
        hour=hour,
        day_of_month=day_of_month,
        month_of_year=month_of_year,
        day_of_week=day_of_week,
    )


@dataclass(frozen=True)
class CalendarTimes:
    """Due at certain hours of certain days."""

    cron: crontab
    zone: tzinfo

    def missed(self, since: datetime, now: datetime, most: int) -> list[datetime]:
        """The due times after `since` and up to now, the latest first, at most so many."""
        found: list[datetime] = []
        for due in self._backwards(now):
            if due <= since or len(found) == most:
                break
            found.append(due)
        return found

    def next_after(self, now: datetime) -> datetime | None:
        day = now.astimezone(self.zone).date()
        for distance in range(FARTHEST):
            for due in self._of_day(day + distance * ONE_DAY):
                if due > now:
                    return due
        return None

    def _backwards(self, now: datetime) -> Iterator[datetime]:
        day = now.astimezone(self.zone).date()
        for distance in range(FARTHEST):
            yield from (due for due in reversed(self._of_day(day - distance * ONE_DAY)) if due <= now)

    def _of_day(self, day: date) -> list[datetime]:
        """In order, and once each, also on the day when the clocks are set back."""
        if not self._fits(day):
            return []
        hours = [time(hour, minute) for hour in self.cron.hour for minute in self.cron.minute]
        return sorted({datetime.combine(day, hour, self.zone).astimezone(UTC) for hour in hours})

    def _fits(self, day: date) -> bool:
        return (
            day.month in self.cron.month_of_year
            and day.day in self.cron.day_of_month
            and day.isoweekday() % 7 in self.cron.day_of_week
        )


@dataclass(frozen=True)
class IntervalTimes:
    """Due some time after the run before."""

    period: timedelta
    last: datetime | None

    def missed(self, since: datetime, now: datetime, most: int) -> list[datetime]:
        count = min(max((now - since) // self.period, 0), most)
        return [since + number * self.period for number in range(count, 0, -1)]

    def next_after(self, now: datetime) -> datetime | None:
        if not timedelta() < self.period <= FARTHEST * ONE_DAY:
            return None
        return max(now, (self.last or now) + self.period)


@dataclass(frozen=True)
class NoTimes:
    """Due at no time: a date that does not exist, or what cannot be read as a schedule."""

    reason: str

    def missed(self, since: datetime, now: datetime, most: int) -> list[datetime]:
        return []

    def next_after(self, now: datetime) -> datetime | None:
        return None


DueTimes = CalendarTimes | IntervalTimes | NoTimes
