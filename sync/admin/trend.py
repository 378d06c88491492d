"""How long a job's last runs took and how much agreed on its last days, as bars read without a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from carinho.console.base import list_of, page_of
from carinho.console.dates import duration
from sync.models import Agreement, RunKind, SyncRun

SHOWN = 24
TONES = {"done": "success", "incomplete": "warning"}
LOWEST = 4  # percent: the shortest run is seen too


@dataclass(frozen=True)
class Bar:
    """One run or day: its height in percent of the highest, and what is said of it."""

    height: int
    tone: str
    title: str
    page: str


def of(name: str) -> list[Bar]:
    """The last finished runs of a job, the oldest first."""
    full = SyncRun.objects.filter(job_id=name, kind=RunKind.FULL, finished_at__isnull=False)
    return bars(list(full.order_by("-started_at")[:SHOWN])[::-1])


def bars(runs: Sequence[SyncRun]) -> list[Bar]:
    longest = max((run.duration.total_seconds() for run in runs), default=0) or 1
    return [_bar(run, longest) for run in runs]


def _bar(run: SyncRun, longest: float) -> Bar:
    height: Any = max(round(100 * run.duration.total_seconds() / longest), LOWEST)
    title = f"{run.started_at:%d/%m %H:%M}: {duration(run.duration)}, {run.get_status_display()}"
    return Bar(height, TONES.get(run.status, "danger"), title, page_of(run))


def agreement(name: str) -> list[Bar]:
    """The share that agreed on each of the last days that were compared, the oldest first."""
    days = Agreement.objects.filter(job_id=name).order_by("-day")[:SHOWN]
    return [_day_bar(day) for day in reversed(days)]


def _day_bar(day: Agreement) -> Bar:
    tone = "success" if day.agreeing == day.compared else "warning"
    of_day = f"job_id={day.job_id}&kind={RunKind.CHECK.value}"
    checks = list_of(SyncRun, f"{of_day}&started_at_from={day.day}&started_at_to={day.day}")
    title = _("%(day)s: %(agreeing)d de %(compared)d registros concordam (%(share)s %%)") % {
        "day": f"{day.day:%d/%m}",
        "agreeing": day.agreeing,
        "compared": day.compared,
        "share": f"{day.shown_share:.1f}".replace(".", ","),
    }
    return Bar(max(round(day.share), LOWEST), tone, title, checks)
