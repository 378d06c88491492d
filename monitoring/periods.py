"""Days and weeks as São Paulo lives them: they begin at midnight there, and not all have 24 hours."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

Span = tuple[datetime, datetime]


def begins(day: date) -> datetime:
    """The first instant of a day."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def of(day: date) -> Span:
    return begins(day), begins(day + timedelta(days=1))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def this_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def last_hours(now: datetime, hours: int) -> Span:
    """The hour that runs and the ones before it, so many together with it, whole hours of the roll-ups."""
    end = this_hour(now) + timedelta(hours=1)
    return end - timedelta(hours=hours), end
