"""How long a job's last runs took, as bars that are read without a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.admin.base import page_of
from events.console.moments import duration
from sync.models import RunKind, SyncRun

SHOWN = 24
TONES = {"done": "success", "incomplete": "warning"}
LOWEST = 4  # percent: the shortest run is seen too


@dataclass(frozen=True)
class Bar:
    """One run: its height in percent of the longest, and what is said of it."""

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
