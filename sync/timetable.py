"""When a job is due, by the calendar of its schedule's time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from celery.schedules import ParseException, crontab
from django.utils import timezone
from django.utils.translation import gettext as _
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
        if not timedelta() < self.period <= FARTHEST * ONE_DAY:
            return None
        return max(now, (self.last or now) + self.period)


@dataclass(frozen=True)
class Never:
    """Due at no time: a date that does not exist, or what cannot be read as a schedule."""

    reason: str

    def missed(self, since: datetime, now: datetime, most: int) -> list[datetime]:
        return []

    def next_after(self, now: datetime) -> datetime | None:
        return None


Timetable = Clock | Interval | Never


def of(task: PeriodicTask | None, now: datetime) -> Timetable | None:
    """What a row of django-celery-beat says; None for one that is off, missing, or due by no rule of time.

    Raises nothing, whatever an operator or another program wrote there.
    """
    if task is None or not task.enabled or (task.crontab is None and task.interval is None):
        return None
    try:
        if task.crontab is not None:
            zone = task.crontab.timezone or timezone.get_default_timezone()
            times: Timetable = Clock(task.crontab.schedule, zone)
        else:
            times = Interval(task.interval.schedule.run_every, task.last_run_at)
        if times.next_after(now) is not None:
            return times
    except (ValueError, ParseException, OverflowError):
        pass  # celery tells of each mistake in its own way
    return Never(_("A agenda “%s” não existe ou nunca chega. Corrija-a em Agendas.") % written(task))


def written(task: PeriodicTask) -> str:
    """The schedule as somebody typed it."""
    cron, interval = task.crontab, task.interval
    if cron is not None:
        return f"{cron.minute} {cron.hour} {cron.day_of_month} {cron.month_of_year} {cron.day_of_week}"
    return f"{interval.every} {interval.period}"
