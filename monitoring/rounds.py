"""The two rounds of a day: when each is due, and the record of one that was done."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from monitoring import metrics
from monitoring.models import Round, RoundKind

TIMES = {RoundKind.MORNING: time(8), RoundKind.EVENING: time(18)}
OPENS_BEFORE = timedelta(hours=2)  # a round done at 06:00 counts for 08:00


@dataclass(frozen=True)
class Due:
    """One round of one day."""

    kind: RoundKind
    day: date

    @property
    def at(self) -> datetime:
        return datetime.combine(self.day, TIMES[self.kind], tzinfo=timezone.get_default_timezone())

    @property
    def clock(self) -> str:
        return f"{TIMES[self.kind]:%H:%M}"

    @property
    def key(self) -> str:
        return f"{self.day} {self.kind}"

    def minutes_late(self, now: datetime) -> float:
        return (now - self.at).total_seconds() / 60


def current(now: datetime) -> Due:
    """The round that is to be done or was done last: each opens two hours before its time."""
    today = timezone.localdate(now)
    days = (today - timedelta(days=1), today)
    opened = [due for day in days for kind in RoundKind if (due := Due(kind, day)).at - OPENS_BEFORE <= now]
    return max(opened, key=lambda due: due.at)


def missed(now: datetime) -> Due | None:
    """The current round if it was not done; nobody owes one before the hub's first whole day."""
    due = current(now)
    first = metrics.first_day()
    if first is None or first >= due.day or done(due) is not None:
        return None
    return due


def done(due: Due) -> Round | None:
    return Round.objects.filter(day=due.day, kind=due.kind).order_by("done_at").first()


def conclude(due: Due, *, actor: str, status: str, checks: list[dict[str, Any]], note: str) -> Round:
    return Round.objects.create(
        day=due.day,
        kind=due.kind,
        done_at=timezone.now(),
        done_by=actor,
        status=status,
        checks=checks,
        note=note,
    )
