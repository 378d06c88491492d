"""Where a run's records come from, one stage after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from carinho.services.pagination import LIMIT, Page
from sync.models import RunKind, SyncDifference, SyncFailure, SyncRun

PULL, LEFTOVER, AGAIN, LATER_AGAIN, FAILURES, DIFFERENCES = (
    "pull",
    "leftover",
    "again",
    "later",
    "failures",
    "differences",
)

STAGES = {
    RunKind.FULL: [PULL, LEFTOVER, AGAIN, LATER_AGAIN],
    RunKind.DRY: [PULL],
    RunKind.RECORDS: [FAILURES, DIFFERENCES, AGAIN, LATER_AGAIN],
}
WAITS = {AGAIN: 2.0, LATER_AGAIN: 8.0}  # seconds before those that got no answer are tried once more


@dataclass(frozen=True)
class Place:
    """How far a run is: a stage, and a cursor in it; empty at the stage's beginning."""

    stage: str
    cursor: str = ""

    def as_json(self) -> dict[str, str]:
        return {"stage": self.stage, "cursor": self.cursor}


def first(run: SyncRun) -> Place:
    """Where the run goes on, or begins."""
    stages = STAGES[RunKind(run.kind)]
    stage = run.checkpoint.get("stage")
    return Place(stage, run.checkpoint.get("cursor", "")) if stage in stages else Place(stages[0])


def after(run: SyncRun, place: Place, page: Page) -> Place | None:
    """The place of the page after this one; None after the last."""
    if page.next_cursor:
        return Place(place.stage, page.next_cursor)
    stages = STAGES[RunKind(run.kind)]
    left = stages[stages.index(place.stage) + 1 :]
    return Place(left[0]) if left else None


def stored(run: SyncRun, place: Place) -> Page:
    """A page of records that the database has, in the order of their rows."""
    rows = list(ROWS[place.stage](run).filter(pk__gt=int(place.cursor or 0)).order_by("pk")[:LIMIT])
    next_cursor = str(rows[-1].pk) if len(rows) == LIMIT else None
    return Page([_record(row) for row in rows], next_cursor)


def _record(row: SyncFailure | SyncDifference) -> Any:
    return row.payload if isinstance(row, SyncFailure) else row.record


def leftover(run: SyncRun) -> QuerySet[SyncFailure]:
    """Open failures of earlier runs that this one did not meet."""
    return SyncFailure.objects.filter(job_id=run.job_id, status="open", failed_at__lt=run.window_at)


def _unanswered(run: SyncRun) -> QuerySet[SyncFailure]:
    met = SyncFailure.objects.filter(job_id=run.job_id, status="open", failed_at__gte=run.window_at)
    return met.filter(kind="unavailable")


def _chosen_failures(run: SyncRun) -> QuerySet[SyncFailure]:
    return SyncFailure.objects.filter(pk__in=_ids(run, "failures"), status="open")


def _chosen_differences(run: SyncRun) -> QuerySet[SyncDifference]:
    return SyncDifference.objects.filter(job_id=run.job_id, pk__in=_ids(run, "differences")).correctable()


def _ids(run: SyncRun, kind: str) -> list[Any]:
    return run.chosen.get(kind, []) if isinstance(run.chosen, dict) else []


ROWS: dict[str, Callable[[SyncRun], QuerySet[Any]]] = {
    LEFTOVER: leftover,
    AGAIN: _unanswered,
    LATER_AGAIN: _unanswered,
    FAILURES: _chosen_failures,
    DIFFERENCES: _chosen_differences,
}
