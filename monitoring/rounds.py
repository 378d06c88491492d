"""The two rounds of a day: when each is due, and the record of one that was done."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from events.operations import UNDO_WINDOW
from monitoring import metrics
from monitoring.models import Round, RoundKind

TIMES = {RoundKind.MORNING: time(8), RoundKind.EVENING: time(18)}
LOOKED_BACK = 4  # rounds: two days
OPENS_BEFORE = timedelta(hours=2)  # a round done at 06:00 counts for 08:00


CONCLUDED = Audited("round.conclude", _("concluiu a ronda"), is_about_system=True)
UNDONE = Audited("round.undo", _("desfez a conclusão da ronda"), is_about_system=True)


@dataclass(frozen=True)
class Due:
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
    if done(due) is not None:
        return None
    first = metrics.first_day()
    return due if first is not None and first < due.day else None


def done(due: Due) -> Round | None:
    return Round.objects.filter(day=due.day, kind=due.kind).order_by("done_at").first()


@transaction.atomic
def conclude(due: Due, *, actor: str, status: str, checks: list[dict[str, Any]], note: str) -> Round:
    CONCLUDED.record(actor, due.key, {"status": status, "note": note})
    return Round.objects.create(
        day=due.day,
        kind=due.kind,
        done_at=timezone.now(),
        done_by=actor,
        status=status,
        checks=checks,
        note=note,
    )


@transaction.atomic
def undo(round_id: int, *, actor: str) -> bool:
    """Take back a round this person concluded within the last minute; the audit log keeps what it showed."""
    mine = Round.objects.filter(pk=round_id, done_by=actor, done_at__gte=timezone.now() - UNDO_WINDOW)
    row = mine.select_for_update().first()
    if row is None:
        return False
    UNDONE.record(actor, Due(RoundKind(row.kind), row.day).key, {"note": row.note, "checks": row.checks})
    row.delete()
    return True


def last_shown() -> dict[str, str]:
    """By check, what it showed in the last round that had it: the two rounds do not ask the same."""
    shown: dict[str, str] = {}
    for row in reversed(Round.objects.order_by("-done_at")[:LOOKED_BACK]):
        shown |= {check["name"]: check["value"] for check in row.checks}
    return shown
