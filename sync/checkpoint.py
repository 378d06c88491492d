"""What a page came to, written in one transaction: ledger, failures, counts and checkpoint."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from carinho.masking import mask_text
from sync.models import SyncFailure, SyncRecord, SyncRun
from sync.records import FAILED, Item

NOTE_FAILURE = """
INSERT INTO sync_syncfailure (job_id, key, run_id, kind, cause, reason, payload, attempts)
SELECT %(job)s, key, %(run)s, kind, cause, reason, coalesce(payload, 'null'), attempts
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS row(key text, kind text, cause text, reason text, payload jsonb, attempts int)
ON CONFLICT (job_id, key) WHERE status = 'open' DO UPDATE
SET run_id = excluded.run_id, kind = excluded.kind, cause = excluded.cause, reason = excluded.reason,
    payload = excluded.payload, attempts = sync_syncfailure.attempts + excluded.attempts, failed_at = now()
"""


class LostRun(Exception):
    """Somebody else goes on with this run: nothing more may be written for it."""


def save(run: SyncRun, items: Sequence[Item], *, read: int, unchanged: Sequence[str], **columns: Any) -> None:
    """Store what became of some records; `columns` go to the run's row. Raises `LostRun`."""
    failed = [item for item in items if item.end in FAILED]
    fine = [item.key for item in items if item.end not in FAILED] + list(unchanged)
    with transaction.atomic():
        _count(run, items, read, len(unchanged), columns)
        store(run.job_id, [item for item in items if item.was_written or item.was_confirmed])
        note_failures(run, failed)
        close_failures(run.job_id, fine, by=f"run:{run.pk}")
        if failed or (fine and run.failed):
            recount_failures(run)
    run.refresh_from_db()


def _count(run: SyncRun, items: Iterable[Item], read: int, unchanged: int, columns: dict[str, Any]) -> None:
    written = sum(item.was_written for item in items)
    update_mine(
        run,
        read=F("read") + read,
        written=F("written") + written,
        unchanged=F("unchanged") + unchanged,
        processed=F("read") + read,
        **columns,
    )


def update_mine(run: SyncRun, **columns: Any) -> None:
    """Change the run's row, if it is still this runner's. Raises `LostRun`."""
    mine = SyncRun.objects.filter(pk=run.pk, token=run.token, status="running")
    if not mine.update(heartbeat_at=Now(), **columns):
        raise LostRun(f"Run {run.pk} is somebody else's")


def store(job: str, items: Sequence[Item]) -> None:
    """Keep what was written, and which of it the source knows of."""
    now = timezone.now()
    rows = [_row(job, item, now) for item in items]
    SyncRecord.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["job", "key"],
        update_fields=["digest", "version", "wanted", "result", "written_at", "confirmed_at"],
    )


def _row(job: str, item: Item, now: Any) -> SyncRecord:
    return SyncRecord(
        job_id=job,
        key=item.key,
        digest=item.digest,
        version=item.version,
        wanted=item.wanted,
        result=item.result,
        written_at=now,
        confirmed_at=now if item.was_confirmed else None,
    )


def note_failures(run: SyncRun, items: Sequence[Item]) -> None:
    """One row per record that failed; one that was open already counts on."""
    if not items:
        return
    with connection.cursor() as cursor:
        rows = json.dumps([_failure(item) for item in {item.key: item for item in items}.values()])
        cursor.execute(NOTE_FAILURE, {"job": run.job_id, "run": run.pk, "rows": rows})


def _failure(item: Item) -> dict[str, Any]:
    verdict = item.verdict
    return {
        "key": item.key[:80],
        "kind": item.end.value if item.end else "",
        "cause": verdict.cause,
        "reason": mask_text(verdict.reason),
        "payload": item.record,
        "attempts": max(item.attempts, 1),
    }


def close_failures(job: str, keys: Sequence[str], *, by: str, status: str = "resolved") -> int:
    """Close the open failures of records that are fine now."""
    if not keys:
        return 0
    rows = SyncFailure.objects.filter(job_id=job, key__in=keys, status="open")
    return rows.update(status=status, closed_at=Now(), closed_by=by)


def recount_failures(run: SyncRun) -> None:
    """How many records this run leaves failed: those that succeeded later do not count."""
    left = SyncFailure.objects.filter(job_id=run.job_id, status="open", failed_at__gte=run.window_at)
    update_mine(run, failed=left.count())


def finish(run: SyncRun, status: str, *, reason: str = "") -> None:
    """Close the run's row. Raises `LostRun`."""
    with transaction.atomic():
        update_mine(run, status=status, finished_at=Now(), reason=reason, waiting_for="", waiting_since=None)
        run.log("finished", status=status)
    run.refresh_from_db()
