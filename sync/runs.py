"""What is done to a run from outside: start, cancel, take over."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from kombu.exceptions import OperationalError

from carinho.access.audit_log import Audited
from carinho.celery import app
from sync import locks
from sync.job import Job
from sync.models import RunKind, RunStatus, SyncJob, SyncRun

logger = logging.getLogger(__name__)

SCHEDULE = "schedule"  # the author of what no person asked for
OVERLAP = timedelta(minutes=5)  # clocks of two systems differ by less
GOOD = (RunStatus.DONE, RunStatus.INCOMPLETE)
SILENT_AFTER = timedelta(minutes=2)  # a runner gives a sign every second
UNHELD_AFTER = timedelta(seconds=10)  # a run is made before its runner has the lock

Chosen = dict[str, list[int]]


class AlreadyRunning(Exception):
    """The job runs at the moment; `run` is its run."""

    def __init__(self, run: SyncRun | None) -> None:
        super().__init__("The job is running")
        self.run = run


STARTED = {
    RunKind.FULL: Audited("sync.full", _("executou a sincronização")),
    RunKind.DRY: Audited("sync.dry", _("simulou a sincronização")),
    RunKind.CHECK: Audited("sync.check", _("conferiu a sincronização")),
    RunKind.RECORDS: Audited("sync.records", _("tentou registros de novo")),
}
CANCELLED = Audited("sync.cancel", _("cancelou a execução"))
PAUSED = Audited("sync.pause", _("pausou a sincronização"))
RESUMED = Audited("sync.resume", _("retomou a sincronização"))


class NotRunning(Exception):
    """The run is over."""


def start(name: str, *, author: str, kind: str = RunKind.FULL, chosen: Chosen | None = None) -> SyncRun:
    """Begin a run; a worker takes it at once. Raises `LookupError` and `AlreadyRunning`."""
    if name not in Job.registry:
        raise LookupError(f"No job is called {name}.")
    with transaction.atomic():
        run = begin(name, author=author, kind=kind, chosen=chosen)
        STARTED[RunKind(kind)].record(author, name, {"run": run.pk, **(chosen or {})})
        transaction.on_commit(lambda: send(name))
    return run


def begin(name: str, *, author: str, kind: str = RunKind.FULL, chosen: Chosen | None = None) -> SyncRun:
    """Make the run's row; whoever holds the job's lock goes on from there. Raises `AlreadyRunning`."""
    since = last_good_start(name) if kind in (RunKind.FULL, RunKind.DRY) else None
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                job_id=name, kind=kind, author=author, since=since, chosen=chosen or {}
            )
            run.log("started", author=author)
    except IntegrityError:
        raise AlreadyRunning(SyncRun.objects.filter(job_id=name, status="running").first()) from None
    run.refresh_from_db()
    return run


def last_good_start(name: str) -> datetime | None:
    """From when on the next run has to read; None before the first good one."""
    good = SyncRun.objects.filter(job_id=name, kind=RunKind.FULL, status__in=GOOD).order_by("-started_at")
    window_at = good.values_list("window_at", flat=True).first()
    return window_at - OVERLAP if window_at else None


def take(name: str) -> SyncRun | None:
    """Become the runner of what was begun; the caller holds the lock. None when there is nothing."""
    run = SyncRun.objects.filter(job_id=name, status=RunStatus.RUNNING).first()
    if run is None:
        return None
    if run.token is not None:
        SyncRun.objects.filter(pk=run.pk).update(takeovers=F("takeovers") + 1)
        run.log("went_on")
    SyncRun.objects.filter(pk=run.pk).update(
        token=uuid4(), heartbeat_at=Now(), waiting_for="", waiting_since=None
    )
    run.refresh_from_db()
    return run


def cancel(run_id: int, *, actor: str) -> SyncRun:
    """Stop a run within its page. Raises `SyncRun.DoesNotExist` and `NotRunning`."""
    with transaction.atomic():
        run = SyncRun.objects.select_for_update().get(pk=run_id)
        if not run.is_running:
            raise NotRunning
        SyncRun.objects.filter(pk=run_id, cancelled_by="").update(cancelled_by=actor)
        CANCELLED.record(actor, run.job_id, {"run": run_id})
    _close_if_nobody_runs_it(run.job_id)
    run.refresh_from_db()
    return run


def _close_if_nobody_runs_it(name: str) -> None:
    with locks.only_runner(name) as lock:
        if lock:
            rows = SyncRun.objects.filter(job_id=name, status="running").exclude(cancelled_by="")
            rows.update(status=RunStatus.CANCELLED, finished_at=Now())


def close_as_stuck(run: SyncRun, code: str, **detail: object) -> SyncRun | None:
    """End a run that gets nowhere, and begin one that goes on from its checkpoint."""
    with transaction.atomic():
        closed = SyncRun.objects.filter(pk=run.pk, status="running").update(
            status=RunStatus.STUCK, finished_at=Now(), token=uuid4(), waiting_for="", waiting_since=None
        )
        if not closed:
            return None
        run.log(code, **detail)
        return _continue(run)


def _continue(run: SyncRun) -> SyncRun:
    names = ("job_id", "kind", "author", "window_at", "since", "chosen", "checkpoint")
    going_on = SyncRun.objects.create(continues=run, **{name: getattr(run, name) for name in names})
    going_on.log("continues", run=run.pk)
    transaction.on_commit(lambda: send(run.job_id))
    return going_on


def watch() -> None:
    """Find runs that nobody works on, and take those over whose runner gives no sign."""
    now = timezone.now()
    for run in SyncRun.objects.filter(status=RunStatus.RUNNING):
        sign = run.heartbeat_at or run.started_at
        if now - sign > SILENT_AFTER and locks.holder(run.job_id):
            locks.take_away(run.job_id)
            close_as_stuck(run, "no_signal")
        elif now - sign > UNHELD_AFTER and not locks.holder(run.job_id):
            send(run.job_id)


def send(name: str) -> None:
    """Ask a worker to go on with what was begun. A broker that is away is only logged: the watch asks."""
    try:
        app.send_task("sync.go_on", (name,), queue="sync", expires=600)
    except (OperationalError, OSError) as error:
        logger.warning("Run could not be sent", extra={"job": name, "error": type(error).__name__})


def pause(name: str, *, actor: str, reason: str = "") -> bool:
    """Take a job out of its schedule; False for one without."""
    columns = {"paused_at": Now(), "paused_by": actor, "pause_reason": reason}
    return _set_enabled(name, False, actor, PAUSED, columns)


def resume(name: str, *, actor: str) -> bool:
    """Put a job back into its schedule; False for one without."""
    columns = {"paused_at": None, "paused_by": "", "pause_reason": "", "resumed_at": Now()}
    return _set_enabled(name, True, actor, RESUMED, columns)


def _set_enabled(name: str, enabled: bool, actor: str, action: Audited, columns: Mapping[str, Any]) -> bool:
    """Only what is the operator's is written: the counters beside it are beat's."""
    own = {"enabled": enabled, "date_changed": Now()} | ({} if enabled else {"last_run_at": None})
    with transaction.atomic():
        if not PeriodicTask.objects.filter(name=name).update(**own):
            return False
        PeriodicTasks.update_changed()  # beat reads the schedule anew
        SyncJob.objects.filter(name=name).update(**columns)
        action.record(actor, name, {"reason": columns.get("pause_reason", "")})
    return True
