"""How each job stands: last run, next run, and whether it missed its time. Read only, for whoever asks.

Lateness follows from the schedule and from what was done, whatever the cause: it is found the same when beat
is dead, when no worker runs, and when a run is stuck.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from carinho.database import run
from sync import schedules
from sync.job import Job
from sync.models import Agreement, RunStatus, SyncJob, SyncRun
from sync.models.run import FAILED_STATUSES, GOOD_STATUSES

RECENT = timedelta(hours=24)
AGREEMENT_KEPT = timedelta(days=30)
WARNING, CRITICAL = "warning", "critical"
LATE_AT, CRITICAL_AT = 2, 3  # due times missed: the second is one period after the first
UNENDED = (RunStatus.RUNNING, RunStatus.CANCELLED)  # say nothing about whether both sides agree

# one statement, which reads of each job what is newest: a run of years ago says nothing any more. One that is
# not offered is in time, and nothing can be done about it
NEWEST = """
SELECT job.name, greatest(good.started_at, not_offered.started_at),
       (SELECT id FROM sync_syncrun WHERE job_id = job.name AND kind = 'full' AND status <> 'running'
        ORDER BY started_at DESC LIMIT 1),
       (SELECT id FROM sync_syncrun WHERE job_id = job.name AND status = 'running'),
       (SELECT count(*) FROM sync_syncrun
        WHERE job_id = job.name AND kind = 'full' AND status = ANY(%(failed)s)
          AND finished_at > %(since)s AND finished_at <= %(now)s),
       (SELECT id FROM sync_agreement WHERE job_id = job.name ORDER BY day DESC LIMIT 1),
       (SELECT id FROM sync_syncrun WHERE job_id = job.name AND kind = 'check' AND status <> ALL(%(unended)s)
        ORDER BY started_at DESC LIMIT 1),
       EXISTS (SELECT FROM sync_syncfailure WHERE job_id = job.name AND status = 'open')
FROM sync_syncjob AS job LEFT JOIN LATERAL (
    SELECT started_at FROM sync_syncrun WHERE job_id = job.name AND kind = 'full' AND status = ANY(%(good)s)
    ORDER BY started_at DESC LIMIT 1
) AS good ON true LEFT JOIN LATERAL (
    SELECT started_at FROM sync_syncrun AS run
    WHERE job_id = job.name AND kind = 'full' AND started_at > coalesce(good.started_at, '-infinity')
      AND EXISTS (SELECT FROM sync_logline WHERE run_id = run.id AND code = 'not_offered')
    ORDER BY started_at DESC LIMIT 1
) AS not_offered ON true
"""


class Newest(NamedTuple):
    """What `NEWEST` says of a job: ids of rows, and when the last run in time began."""

    in_time_at: datetime | None
    last: int | None
    running: int | None
    recent_failures: int
    agreement: int | None
    check: int | None
    has_failures: bool

    @property
    def runs(self) -> tuple[int | None, int | None, int | None]:
        return self.last, self.running, self.check


@dataclass(frozen=True)
class JobStatus:
    """One job at a moment. `missed` counts due times since the last good run, up to three.

    `schedule_error` says why its schedule never comes; empty for one that does.
    """

    job: Job
    row: SyncJob
    schedule: PeriodicTask | None
    last: SyncRun | None
    running: SyncRun | None
    recent_failures: int
    next_run: datetime | None
    missed: int
    schedule_error: str
    agreement: Agreement | None
    check: SyncRun | None
    has_failures: bool  # records that failed and were not written since

    @property
    def level(self) -> str:
        """Empty while in time; "warning" more than one period late, "critical" more than two."""
        if self.missed >= CRITICAL_AT:
            return CRITICAL
        return WARNING if self.missed >= LATE_AT else ""

    @property
    def check_error(self) -> str:
        """Why the last comparison came to no end; empty when it did, and before the first."""
        if self.check is None or self.check.status not in FAILED_STATUSES:
            return ""
        return self.check.reason or str(self.check.get_status_display())

    @property
    def has_failed(self) -> bool:
        """Whether its last run did: a new one that is under way says nothing yet."""
        return self.last is not None and self.last.status in FAILED_STATUSES and not self.is_mended

    @property
    def is_mended(self) -> bool:
        """Whether all records that failed in the last run were written since."""
        is_incomplete = self.last is not None and self.last.status == RunStatus.INCOMPLETE
        return is_incomplete and not self.has_failures

    @property
    def is_paused(self) -> bool:
        return self.schedule is None or not self.schedule.enabled

    def as_json(self) -> dict[str, Any]:
        """What the dashboard shows of a job; `last_status` is "done", "failed" or, at first, null."""
        last = self.last
        return {
            "last_run": _iso(last.started_at if last else None),
            "last_status": ("done" if last.status == RunStatus.DONE else "failed") if last else None,
            "last_result": last.status if last else None,
            "is_mended": self.is_mended,
            "last_check": _iso(self.check.started_at if self.check else None),
            "check_error": self.check_error,
            "recent_failures": self.recent_failures,
            "duration_seconds": round(last.duration.total_seconds()) if last else None,
            "next_run": _iso(self.next_run),
            "schedule_error": self.schedule_error,
            "late": self.missed >= LATE_AT,
            "level": self.level,
            "paused": self.is_paused,
            "running": self.running.pk if self.running else None,
            "running_kind": self.running.kind if self.running else None,
            "waiting_for": self.running.waiting_for if self.running else "",
            "agreement_percent": self.agreement.shown_share if self.agreement else None,
        }


def _iso(moment: datetime | None) -> str | None:
    return timezone.localtime(moment).isoformat() if moment else None


def overview(now: datetime | None = None) -> dict[str, dict[str, Any]]:
    """The dashboard's `sync`: one entry per job, by name."""
    return {status.job.name: status.as_json() for status in job_statuses(now)}


def job_statuses(now: datetime | None = None) -> list[JobStatus]:
    """All declared jobs, in the order of their names, in a few statements whatever their number of runs."""
    now = now or timezone.now()
    rows = SyncJob.objects.in_bulk(list(Job.registry))
    tasks = schedules.by_job()
    given = {"failed": list(FAILED_STATUSES), "good": list(GOOD_STATUSES), "unended": list(UNENDED)}
    newest = {name: Newest(*rest) for name, *rest in run(NEWEST, given | {"since": now - RECENT, "now": now})}
    runs = SyncRun.objects.in_bulk({id for found in newest.values() for id in found.runs if id})
    agreements = Agreement.objects.in_bulk([found.agreement for found in newest.values() if found.agreement])

    statuses = []
    for name, row in sorted(rows.items()):
        found = newest[name]
        since = max(moment for moment in (row.created_at, row.resumed_at, found.in_time_at) if moment)
        times = schedules.due_times(tasks.get(name), now)
        last, running, check = (runs.get(id) for id in found.runs)
        statuses.append(
            JobStatus(
                job=Job.registry[name],
                row=row,
                schedule=tasks.get(name),
                last=last,
                running=running,
                recent_failures=found.recent_failures,
                next_run=times.next_after(now) if times else None,
                missed=len(times.missed(since, now, CRITICAL_AT)) if times else 0,
                schedule_error=times.reason if isinstance(times, schedules.NoTimes) else "",
                agreement=agreements.get(found.agreement),
                check=check,
                has_failures=found.has_failures,
            )
        )
    return statuses


def agreement_days(now: datetime | None = None) -> dict[str, list[dict[str, Any]]]:
    """By job, how many records agreed on each compared day of the last thirty, the oldest first."""
    since = timezone.localdate(now) - AGREEMENT_KEPT
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in Job.registry}
    for row in Agreement.objects.filter(day__gt=since, job_id__in=found).order_by("day"):
        of_day = {"day": row.day, "compared": row.compared, "agreeing": row.agreeing}
        found[row.job_id].append(of_day | {"percent": row.shown_share})
    return found


def late(now: datetime | None = None) -> dict[str, str]:
    """The jobs that missed their time: "warning" by more than one period, "critical" by more than two."""
    return {status.job.name: status.level for status in job_statuses(now) if status.level}
