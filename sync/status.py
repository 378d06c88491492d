"""How each job stands: last run, next run, and whether it missed its time. Read only, for whoever asks.

Lateness follows from the schedule and from what was done, whatever the cause: it is told the same when beat
is dead, when no worker runs, and when a run is stuck.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from sync import schedules
from sync.job import Job
from sync.models import Agreement, RunKind, RunStatus, SyncJob, SyncRun
from sync.runs import GOOD

RECENT = timedelta(hours=24)
AGREEMENT_KEPT = timedelta(days=30)
WARNING, CRITICAL = "warning", "critical"
LATE_AT, CRITICAL_AT = 2, 3  # due times missed: the second is one period after the first
UNENDED = (RunStatus.RUNNING, RunStatus.CANCELLED)  # say nothing about whether both sides agree
FAILED = (RunStatus.FAILED, RunStatus.INCOMPLETE, RunStatus.STUCK)


@dataclass(frozen=True)
class Standing:
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

    @property
    def level(self) -> str:
        """Empty while in time; "warning" more than one period late, "critical" more than two."""
        if self.missed >= CRITICAL_AT:
            return CRITICAL
        return WARNING if self.missed >= LATE_AT else ""

    @property
    def check_error(self) -> str:
        """Why the last comparison came to no end; empty when it did, and before the first."""
        if self.check is None or self.check.status not in FAILED:
            return ""
        return self.check.reason or str(self.check.get_status_display())

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
            "agreement_percent": self.agreement.shown_share if self.agreement else None,
        }


def _iso(moment: datetime | None) -> str | None:
    return timezone.localtime(moment).isoformat() if moment else None


def overview(now: datetime | None = None) -> dict[str, dict[str, Any]]:
    """The dashboard's `sync`: one entry per job, by name."""
    return {standing.job.name: standing.as_json() for standing in standings(now)}


def standings(now: datetime | None = None) -> list[Standing]:
    """All declared jobs, in the order of their names, in a few statements whatever their number of runs."""
    now = now or timezone.now()
    rows = SyncJob.objects.in_bulk(list(Job.registry))
    tasks = schedules.by_job()
    full = SyncRun.objects.filter(kind=RunKind.FULL)
    last, good = _latest(full.exclude(status=RunStatus.RUNNING)), _latest(full.filter(status__in=GOOD))
    checks = _latest(SyncRun.objects.filter(kind=RunKind.CHECK).exclude(status__in=UNENDED))
    running = {run.job_id: run for run in SyncRun.objects.filter(status=RunStatus.RUNNING)}
    failures = _recent_failures(full, now)
    shares = {
        share.job_id: share for share in Agreement.objects.order_by("job_id", "-day").distinct("job_id")
    }
    return [
        _standing(name, rows[name], tasks.get(name), last, good, checks, running, failures, shares, now)
        for name in sorted(rows)
    ]


def _latest(runs: Any) -> dict[str, SyncRun]:
    return {run.job_id: run for run in runs.order_by("job_id", "-started_at").distinct("job_id")}


def _recent_failures(full: Any, now: datetime) -> dict[str, int]:
    recent = (
        full.filter(finished_at__gt=now - RECENT, finished_at__lte=now).values("job_id").order_by("job_id")
    )
    return dict(
        recent.annotate(failed=Count("pk", filter=Q(status__in=FAILED))).values_list("job_id", "failed")
    )


def _standing(
    name: str,
    row: SyncJob,
    task: PeriodicTask | None,
    last: dict[str, SyncRun],
    good: dict[str, SyncRun],
    checks: dict[str, SyncRun],
    running: dict[str, SyncRun],
    failures: dict[str, int],
    shares: dict[str, Agreement],
    now: datetime,
) -> Standing:
    times = schedules.due_times(task, now)
    return Standing(
        job=Job.registry[name],
        row=row,
        schedule=task,
        last=last.get(name),
        running=running.get(name),
        recent_failures=failures.get(name, 0),
        next_run=times.next_after(now) if times else None,
        missed=len(times.missed(_last_time(row, good.get(name)), now, CRITICAL_AT)) if times else 0,
        schedule_error=times.reason if isinstance(times, schedules.NoTimes) else "",
        agreement=shares.get(name),
        check=checks.get(name),
    )


def _last_time(row: SyncJob, good: SyncRun | None) -> datetime:
    """From when on the job's due times count as missed."""
    return max(moment for moment in (row.created_at, row.resumed_at, good and good.started_at) if moment)


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
    return {standing.job.name: standing.level for standing in standings(now) if standing.level}
