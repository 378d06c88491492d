"""How far a run is. What a page came to is written in one transaction: ledger, failures, counts, checkpoint.

A run's records come from one stage after the other: pages of the source, then rows that the database has.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from carinho.masking import mask_text, scrub
from carinho.services.pagination import LIMIT, Page
from sync.job import Job
from sync.models import RunKind, SyncDifference, SyncFailure, SyncRecord, SyncRun
from sync.records import FAILED_OUTCOMES, Item
from sync.runs import update_mine

PULL = "pull"
EARLIER_FAILURES = "leftover"
RETRY, LAST_RETRY = "again", "later"
FAILURES, DIFFERENCES, UNDO = "failures", "differences", "undo"
ASKED = (DIFFERENCES, UNDO)  # a person wants these written, changed or not

STAGES = {
    RunKind.FULL: [PULL, EARLIER_FAILURES, RETRY, LAST_RETRY],
    RunKind.DRY: [PULL],
    RunKind.RECORDS: [FAILURES, DIFFERENCES, UNDO, RETRY, LAST_RETRY],
}
WAITS = {RETRY: 2.0, LAST_RETRY: 8.0}  # seconds before those that got no answer are tried once more

SAVE_FAILURES = """
INSERT INTO sync_syncfailure (job_id, key, run_id, kind, cause, reason, payload, attempts)
SELECT %(job)s, key, %(run)s, kind, cause, reason, coalesce(payload, 'null'), attempts
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS row(key text, kind text, cause text, reason text, payload jsonb, attempts int)
ON CONFLICT (job_id, key) WHERE status = 'open' DO UPDATE
SET run_id = excluded.run_id, kind = excluded.kind, cause = excluded.cause, reason = excluded.reason,
    payload = excluded.payload, attempts = sync_syncfailure.attempts + excluded.attempts, failed_at = now()
"""


@dataclass(frozen=True)
class Checkpoint:
    """A stage, and a cursor in it; empty at the stage's beginning."""

    stage: str
    cursor: str = ""

    @classmethod
    def of(cls, run: SyncRun) -> "Checkpoint":
        """Where the run goes on, or begins."""
        stages = STAGES[RunKind(run.kind)]
        stage = run.checkpoint.get("stage")
        return cls(stage, run.checkpoint.get("cursor", "")) if stage in stages else cls(stages[0])

    def after(self, run: SyncRun, page: Page) -> "Checkpoint | None":
        """That of the page after this one; None after the last."""
        if page.next_cursor:
            return Checkpoint(self.stage, page.next_cursor)
        stages = STAGES[RunKind(run.kind)]
        left = stages[stages.index(self.stage) + 1 :]
        return Checkpoint(left[0]) if left else None


def stored_page(run: SyncRun, position: Checkpoint) -> Page:
    """A page of records that the database has, in the order of their rows."""
    rows = list(STORED[position.stage](run).filter(pk__gt=int(position.cursor or 0)).order_by("pk")[:LIMIT])
    next_cursor = str(rows[-1].pk) if len(rows) == LIMIT else None
    return Page([_record(row, position.stage) for row in rows], next_cursor)


def _record(row: SyncFailure | SyncDifference, stage: str) -> Any:
    if isinstance(row, SyncFailure):
        return row.payload
    return row.restored if stage == UNDO else row.record


def earlier_failures(run: SyncRun) -> QuerySet[SyncFailure]:
    """Open failures of earlier runs whose records this one did not meet."""
    return SyncFailure.objects.filter(job_id=run.job_id, status="open", failed_at__lt=run.window_at)


def _met_failures(run: SyncRun) -> QuerySet[SyncFailure]:
    return SyncFailure.objects.filter(job_id=run.job_id, status="open", failed_at__gte=run.window_at)


def _unanswered(run: SyncRun) -> QuerySet[SyncFailure]:
    return _met_failures(run).filter(kind="unavailable")


def _chosen_failures(run: SyncRun) -> QuerySet[SyncFailure]:
    return SyncFailure.objects.filter(pk__in=run.chosen.get("failures", []), status="open")


def _chosen_differences(run: SyncRun) -> QuerySet[SyncDifference]:
    chosen = run.chosen.get("differences", [])
    return SyncDifference.objects.filter(job_id=run.job_id, pk__in=chosen).correctable()


def _undone_differences(run: SyncRun) -> QuerySet[SyncDifference]:
    chosen = run.chosen.get("undo", [])
    return SyncDifference.objects.filter(job_id=run.job_id, pk__in=chosen).undoable()


def is_listed_again(job: Job, stage: str, item: Item) -> bool:
    """Whether a run that was left, and goes on with this stage, meets there what had ended before."""
    if stage == PULL:
        return not (job.asks_until_done and item.was_confirmed)
    if stage == EARLIER_FAILURES:
        return False  # its failure is closed, or one of this run by now
    return stage in ASKED or item.outcome in FAILED_OUTCOMES


STORED: dict[str, Callable[[SyncRun], QuerySet[Any]]] = {
    EARLIER_FAILURES: earlier_failures,
    RETRY: _unanswered,
    LAST_RETRY: _unanswered,
    FAILURES: _chosen_failures,
    DIFFERENCES: _chosen_differences,
    UNDO: _undone_differences,
}


def save(run: SyncRun, items: Sequence[Item], *, read: int, unchanged: Sequence[str], **columns: Any) -> None:
    """Store what became of some records; `columns` go to the run's row. Raises `LostRun`."""
    failed = [item for item in items if item.outcome in FAILED_OUTCOMES]
    fine = [item.key for item in items if item.outcome not in FAILED_OUTCOMES] + list(unchanged)
    with transaction.atomic():
        update_mine(
            run,
            read=F("read") + read,
            written=F("written") + sum(item.was_written for item in items),
            unchanged=F("unchanged") + len(unchanged),
            processed=F("read") + read,
            **columns,
        )
        _save_records(run.job_id, [item for item in items if item.was_written or item.was_confirmed])
        _save_failures(run, failed)
        close_failures(run.job_id, fine, by=f"run:{run.pk}")
        if failed or (fine and run.failed):  # those that succeeded later do not count
            update_mine(run, failed=_met_failures(run).count())
    run.refresh_from_db()


def _save_records(job: str, items: Sequence[Item]) -> None:
    now = timezone.now()
    rows = [
        SyncRecord(
            job_id=job,
            key=item.key,
            digest=item.digest,
            version=item.version,
            wanted=item.wanted,
            result=item.result,
            written_at=now,
            confirmed_at=now if item.was_confirmed else None,
        )
        for item in items
    ]
    SyncRecord.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["job", "key"],
        update_fields=["digest", "version", "wanted", "result", "written_at", "confirmed_at"],
    )


def _save_failures(run: SyncRun, items: Sequence[Item]) -> None:
    """One row per record that failed; one that was open already counts on."""
    if not items:
        return
    rows = [
        {
            "key": item.key[:80],
            "kind": item.outcome.value if item.outcome else "",
            "cause": item.diagnosis.cause,
            "reason": scrub(mask_text(item.diagnosis.reason), item.record),
            "payload": item.record,
            "attempts": max(item.attempts, 1),
        }
        for item in {item.key: item for item in items}.values()  # one statement may not touch a row twice
    ]
    with connection.cursor() as cursor:
        cursor.execute(SAVE_FAILURES, {"job": run.job_id, "run": run.pk, "rows": json.dumps(rows)})


def close_failures(job: str, keys: Sequence[str], *, by: str, status: str = "resolved") -> int:
    """Close the open failures of records that are fine now, and return how many there were."""
    if not keys:
        return 0
    rows = SyncFailure.objects.filter(job_id=job, key__in=keys, status="open")
    return rows.update(status=status, closed_at=Now(), closed_by=by)
