"""Days and weeks in São Paulo's time: they begin at its midnight, and not every day has 24 hours."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

Period = tuple[datetime, datetime]  # its first instant, and the first one after it

WEEK = timedelta(days=7)
FIRST_DAY, LAST_DAY = date(2000, 1, 10), date(2999, 12, 1)  # that somebody may ask for


def of_days(first: date, count: int = 1) -> Period:
    return start_of(first), start_of(first + timedelta(days=count))


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def last_hours(now: datetime, hours: int) -> Period:
    """Whole hours, as the roll-ups have them: the one that runs and those before it, `hours` in all."""
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return end - timedelta(hours=hours), end


def hours_in(period: Period) -> list[datetime]:
    """The first instant of each hour, in local time."""
    count = int((period[1] - period[0]) / timedelta(hours=1))
    return [timezone.localtime(period[0] + timedelta(hours=number)) for number in range(count)]


def yesterday() -> date:
    return timezone.localdate() - timedelta(days=1)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def last_monday() -> date:
    """The first day of the last whole week."""
    return monday_of(timezone.localdate()) - WEEK


def parse_day(text: str) -> date | None:
    """`2026-01-22`, or the Monday of `2026-W04`; None of an empty text. Raises `ValueError` for any other."""
    if not text:
        return None
    day = date.fromisoformat(text)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day} is out of range")
    return day
