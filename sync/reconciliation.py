"""The comparison of both sides by key: what is missing, different or left over becomes a row with a button.

Where a target cannot be read back, the source is compared with what the hub wrote there.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from carinho.services import contract
from carinho.services.errors import CircuitOpen, NotOffered, Rejected, Unavailable, broken
from carinho.services.pagination import LIMIT, Cursors
from sync import runs
from sync.availability import Answer, Availability, SystemWait
from sync.job import Fields, Job, Window
from sync.models import Agreement, DifferenceKind, RunStatus, SyncDifference, SyncRecord, SyncRun
from sync.records import key_of, short
from sync.runs import JobLock, LogEntry, LostRun, StopRun, WorkerStopped

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 10
POLL_SECONDS = 0.5
LONGEST_WAIT = 10.0


SAVE_DIFFERENCES = """
INSERT INTO sync_syncdifference AS known (job_id, key, kind, fields, payload, there, run_id)
SELECT %(job)s, key, kind, fields, payload, there, %(run)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS row(key text, kind text, fields jsonb, payload jsonb, there jsonb)
ON CONFLICT (job_id, key) WHERE closed_at IS NULL DO UPDATE
SET kind = excluded.kind, fields = excluded.fields, payload = excluded.payload, there = excluded.there,
    run_id = excluded.run_id
"""


@dataclass
class Found:
    key: str
    kind: DifferenceKind
    fields: list[str] = field(default_factory=list)
    payload: Any = None
    there: Fields | None = None


class Reconciliation:
    """One comparison of a job's two sides, in the lock of its run."""

    def __init__(self, run: SyncRun, lock: JobLock) -> None:
        self.run, self.lock = run, lock
        self.job = Job.registry[run.job_id]
        self.window = Window(run.window_at)
        self.availability = Availability(self.job)
        self.waiting = SystemWait(run, self.availability)
        lacking = {operation.name for operation in contract.lacking(self.job.source.name)}
        self.may_know = self.job.confirmation not in lacking  # whether the source can show what it was told
        self.seen: set[str] = set()
        self.compared = self.differing = 0

    def go(self) -> SyncRun:
        """Compare everything; the run's row says how it ended."""
        runs.update_mine(self.run, read=0, unchanged=0, failed=0)
        try:
            self._compare()
        except StopRun as stop:
            runs.stop_run(self.run, stop)
        except (Unavailable, Rejected) as error:
            reason = runs.reason_of(error)
            line: LogEntry = ("read_failed", {"system": error.system, "reason": reason})
            runs.stop_run(self.run, StopRun(RunStatus.FAILED, reason, line))
        except (LostRun, WorkerStopped):
            logger.warning("Comparison was left", extra={"job": self.job.name, "run_id": self.run.pk})
        except Exception as error:
            logger.exception("Comparison broke", extra={"job": self.job.name, "run_id": self.run.pk})
            line = ("broke", {"kind": type(error).__name__})
            runs.stop_run(self.run, StopRun(RunStatus.FAILED, broken(error), line))
        self.run.refresh_from_db()
        return self.run

    def _compare(self) -> None:
        self._compare_source()
        self._look_for_orphans()
        agreeing = self.compared - self.differing
        with transaction.atomic():
            open_rows = SyncDifference.objects.filter(job_id=self.job.name, closed_at__isnull=True)
            open_rows.exclude(run=self.run).update(closed_at=Now())
            Agreement.objects.update_or_create(
                job_id=self.job.name,
                day=timezone.localdate(),
                defaults={"compared": self.compared, "agreeing": agreeing},
            )
            self.run.log("checked", compared=self.compared, agreeing=agreeing)
            runs.finish_run(self.run, RunStatus.DONE)

    def _compare_source(self) -> None:
        cursors = Cursors()
        cursor: str | None = ""
        while cursor is not None:
            page = self._patiently(lambda at=cursor: self.job.pull_all(self.job.source(), at, self.window))  # type: ignore[misc]
            wanted, found = _read_all(self.job, page.records)
            self.seen |= wanted.keys() | {unreadable.key for unreadable in found}
            there = self._there(list(wanted))
            pairs = [(key, *pair) for key, pair in wanted.items()]
            found += [row for pair in pairs if (row := self._difference(*pair, there))]
            self.compared += len(page.records)
            self._save_differences(found)
            cursor = cursors.follow(page, self.job.source)

    def _look_for_orphans(self) -> None:
        """Ask the target, by key, for what the hub wrote there and the source names no more."""
        if not self.job.finds_orphans:
            return
        written = SyncRecord.objects.filter(job_id=self.job.name).exclude(wanted={})  # {}: taken away
        if since := self.job.written_since(self.window):
            written = written.filter(written_at__gte=since)
        keys = [key for key in written.order_by("pk").values_list("key", flat=True) if key not in self.seen]
        for first in range(0, len(keys), LIMIT):
            there = self._there(keys[first : first + LIMIT])
            orphans = [key for key, row in there.items() if self.job.is_orphan(row, self.window)]
            ours = dict(written.filter(key__in=orphans).values_list("key", "wanted"))  # what was sent there
            self.compared += len(orphans)
            self._save_differences(
                [Found(key, DifferenceKind.ORPHAN, there=ours.get(key)) for key in orphans]
            )

    def _there(self, keys: Sequence[str]) -> Mapping[str, Fields]:
        """What the target has or, if it cannot be read, what was written there."""
        if not keys:
            return {}
        try:
            stored = self._patiently(lambda: self.job.read_back(self.job.target(), keys))
        except NotOffered:
            stored = None
        if stored is not None:
            return stored
        rows = SyncRecord.objects.filter(job_id=self.job.name, key__in=keys)
        return dict(rows.values_list("key", "wanted"))

    def _difference(self, key: str, record: Any, wanted: Fields, there: Mapping[str, Fields]) -> Found | None:
        if key not in there:
            return Found(key, DifferenceKind.MISSING_THERE, payload=record)
        if fields := self.job.diff(wanted, there[key]):
            has = {name: there[key][name] for name in {*wanted, *fields} if name in there[key]}
            return Found(key, DifferenceKind.DIFFERENT, fields, record, has)
        if self.may_know and not self.job.is_confirmed(record):
            return Found(key, DifferenceKind.MISSING_HERE, payload=record)
        return None

    def _save_differences(self, found: Sequence[Found]) -> None:
        self.differing += len(found)
        columns = {"processed": self.compared, "read": self.compared, "failed": self.differing}
        runs.update_mine(self.run, **columns, unchanged=self.compared - self.differing)
        if found:
            rows = {  # by key: one statement may not touch a row twice
                row.key: {
                    "key": row.key,
                    "kind": row.kind.value,
                    "fields": row.fields,
                    "payload": row.payload,
                    "there": row.there,
                }
                for row in found
            }
            encoded = json.dumps(list(rows.values()))
            with connection.cursor() as cursor:
                cursor.execute(SAVE_DIFFERENCES, {"job": self.job.name, "run": self.run.pk, "rows": encoded})

    def _patiently(self, call: Callable[[], Answer]) -> Answer:
        """The answer to a read, waiting for a system that is away. Raises what the last attempt raised."""
        failures = 0
        while True:
            self._look()
            while self.availability.unavailable():
                self._sleep(POLL_SECONDS)
            is_probe = self.availability.is_probe()
            try:
                answer = self.availability.ask(call)
            except CircuitOpen:
                self._sleep(POLL_SECONDS)
            except Unavailable as error:
                if error.retry_after:
                    self.availability.leave_alone(error.system, error.retry_after)
                failures += not is_probe
                if failures == MOST_ATTEMPTS:
                    raise
                self._sleep(min(POLL_SECONDS * 2.0 ** max(failures - 1, 0), LONGEST_WAIT))
            else:
                return answer
            finally:
                self.availability.save()

    def _sleep(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(min(POLL_SECONDS, seconds))
            self._look()

    def _look(self) -> None:
        """Raises what ends the comparison before its last page."""
        now = time.monotonic()
        self.waiting.begin_if_unavailable(now)
        runs.update_mine(self.run)
        runs.raise_if_stopped(self.run, self.lock)
        self.availability.refresh()
        self.waiting.end_if_back()
        if self.waiting.worked_for(now) > self.job.limit.total_seconds():
            minutes = round(self.job.limit.total_seconds() / 60)
            raise StopRun(
                RunStatus.STUCK, f"Took over {minutes} minutes", ("over_limit", {"minutes": minutes})
            )


def _read_all(job: Job, records: Sequence[Any]) -> tuple[dict[str, tuple[Any, Fields]], list[Found]]:
    """The records by key with what the target should have, and those that make no sense."""
    wanted: dict[str, tuple[Any, Fields]] = {}
    unreadable: list[Found] = []
    for record in records:
        try:
            wanted[short(job.key(record))] = (record, job.wanted(record))
        except (KeyError, TypeError, ValueError, AttributeError):
            unreadable.append(Found(key_of(job, record), DifferenceKind.UNREADABLE, payload=record))
    return wanted, unreadable
