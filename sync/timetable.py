"""When a job is due, by the calendar of its schedule's time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from celery.schedules import crontab
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

FARTHEST = 366 * 4  # days; the 29th of February is that far away
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
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
class Interval:
    """Due some time after the run before."""

    period: timedelta
    last: datetime | None

    def missed(self, since: datetime, now: datetime, most: int) -> list[datetime]:
        count = min(max((now - since) // self.period, 0), most)
        return [since + number * self.period for number in range(count, 0, -1)]

    def next_after(self, now: datetime) -> datetime | None:
        return max(now, (self.last or now) + self.period)


Timetable = Clock | Interval


def of(task: PeriodicTask | None) -> Timetable | None:
    """What a row of django-celery-beat says; None for one that is off, missing, or due by no rule of time."""
    if task is None or not task.enabled:
        return None
    if task.crontab is not None:
        return Clock(task.crontab.schedule, task.crontab.timezone or timezone.get_default_timezone())
    return Interval(task.interval.schedule.run_every, task.last_run_at) if task.interval is not None else None
