"""Who runs a job: one runner at a time, anywhere; how a run is started, cancelled, taken over and ended.

The row of a run that is under way is changed only by the runner whose token it has.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from carinho import locks
from carinho.access.audit_log import Audited
from carinho.celery import app, stopping
from carinho.locks import session_lock
from carinho.services.errors import Rejected, ServiceError
from events.engine.wakeup import CHANGED, CHANNEL
from sync.job import Job
from sync.models import RunKind, RunStatus, SyncRun
from sync.models.run import GOOD_STATUSES

logger = logging.getLogger(__name__)

SCHEDULE = "schedule"  # the author of what no person asked for
OVERLAP = timedelta(minutes=5)  # clocks of two systems differ by less
SILENT_AFTER = timedelta(minutes=2)  # a runner gives a sign every second
UNHELD_AFTER = timedelta(seconds=10)  # a run is made before its runner has the lock

UNDECLARED = "The job is declared by no file any more"
LOCKS = 0x7379_6E63  # other than the lanes'

STARTED = {
    RunKind.FULL: Audited("sync.full", _("executou a sincronização")),
    RunKind.DRY: Audited("sync.dry", _("simulou a sincronização")),
    RunKind.CHECK: Audited("sync.check", _("conferiu a sincronização")),
    RunKind.RECORDS: Audited("sync.records", _("tentou registros de novo")),
}
CHOSEN = {  # by what was chosen of a job's rows
    "failures": STARTED[RunKind.RECORDS],
    "differences": Audited("sync.correct", _("corrigiu diferenças")),
    "undo": Audited("sync.undo", _("desfez a correção")),
}
CANCELLED = Audited("sync.cancel", _("cancelou a execução"))

Chosen = dict[str, list[int]]
LogEntry = tuple[str, dict[str, object]]  # a code of the run's log, and its parameters


class AlreadyRunning(Exception):
    """The job runs at the moment; `run` is its run."""

    def __init__(self, run: SyncRun | None) -> None:
        super().__init__("The job is running")
        self.run = run


class NotRunning(Exception):
    """The run is over."""


class LostRun(Exception):
    """Somebody else goes on with this run: nothing more may be written for it."""


class WorkerStopped(Exception):
    """This worker ends: another one goes on."""


class StopRun(Exception):
    """The run ends here, before its last page."""

    def __init__(self, status: RunStatus, reason: str = "", line: LogEntry | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.line = status, reason, line


class JobLock:
    """The lock while it is held. It is gone when its connection is.

    Its connection is also notified when a person moves the circuit breaker of one of the job's systems.
    """

    def __init__(self, session: psycopg.Connection, job: Job | None) -> None:
        self.session = session
        for kind in (job.source, job.target) if job else ():  # no file declares it any more
            session.execute(f"LISTEN {CHANNEL}{kind.name}")

    def fileno(self) -> int:
        """Readable when something was notified, or when the lock is gone."""
        return self.session.fileno()

    def is_notified(self) -> bool:
        """Whether a system's row was moved since; also when the lock is gone."""
        try:
            notifications = list(self.session.notifies(timeout=0))
        except psycopg.OperationalError:
            return True
        return any(notification.payload == CHANGED for notification in notifications)

    def is_held(self) -> bool:
        try:
            self.session.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def only_runner(name: str) -> Iterator[JobLock | None]:
    """The lock of this job, or None while another session holds it."""
    with session_lock(LOCKS, name) as session:
        yield JobLock(session, Job.registry.get(name)) if session else None


def lock_holder(name: str) -> int | None:
    """PostgreSQL's process id of the session that holds the lock; None when nobody does."""
    return locks.holders(LOCKS, [name]).get(name)


def end_holder(name: str) -> None:
    """End the session that holds the lock: its runner finds out before it writes anything more."""
    pid = lock_holder(name)
    if pid is not None:
        locks.end_holder(pid)


def request_run(name: str, *, author: str, kind: str = RunKind.FULL, chosen: Chosen | None = None) -> SyncRun:
    """Begin a run; a worker takes it at once. Raises `LookupError` and `AlreadyRunning`."""
    if name not in Job.registry:
        raise LookupError(f"No job is called {name}.")
    with transaction.atomic():
        run = create_run(name, author=author, kind=kind, chosen=chosen)
        if not chosen:
            STARTED[RunKind(kind)].record(author, name, {"run": run.pk})
        for what, ids in (chosen or {}).items():
            CHOSEN[what].record(author, name, {"run": run.pk, what: ids})
        transaction.on_commit(lambda: wake_worker(name))
    return run


def create_run(name: str, *, author: str, kind: str = RunKind.FULL, chosen: Chosen | None = None) -> SyncRun:
    """Make the run's row; whoever holds the job's lock goes on from there. Raises `AlreadyRunning`."""
    since = last_good_start(name) if kind in (RunKind.FULL, RunKind.DRY) else None
    try:
        with transaction.atomic():
            total = sum(map(len, chosen.values())) if chosen else None
            run = SyncRun.objects.create(
                job_id=name, kind=kind, author=author, since=since, chosen=chosen or {}, total=total
            )
            run.log("started", author=author)
    except IntegrityError:
        raise AlreadyRunning(SyncRun.objects.filter(job_id=name, status=RunStatus.RUNNING).first()) from None
    run.refresh_from_db()
    return run


def last_good_start(name: str) -> datetime | None:
    """From when on the next run has to read; None before the first good one."""
    good = SyncRun.objects.filter(job_id=name, kind=RunKind.FULL, status__in=GOOD_STATUSES).order_by(
        "-started_at"
    )
    window_at = good.values_list("window_at", flat=True).first()
    return window_at - OVERLAP if window_at else None


def claim_run(name: str) -> SyncRun | None:
    """Become the runner of what was begun; the caller holds the lock. None when there is nothing."""
    run = SyncRun.objects.filter(job_id=name, status=RunStatus.RUNNING).first()
    if run is None:
        return None
    if run.token is not None:
        SyncRun.objects.filter(pk=run.pk).update(takeovers=F("takeovers") + 1)
        run.log("went_on")
    SyncRun.objects.filter(pk=run.pk).update(token=uuid4(), heartbeat_at=Now())
    run.refresh_from_db()
    return run


def update_mine(run: SyncRun, **columns: Any) -> None:
    """Change the run's row, if it is still this runner's. Raises `LostRun`."""
    mine = SyncRun.objects.filter(pk=run.pk, token=run.token, status=RunStatus.RUNNING)
    if not mine.update(heartbeat_at=Now(), **columns):
        raise LostRun(f"Run {run.pk} is somebody else's")


def raise_if_stopped(run: SyncRun, lock: JobLock) -> None:
    """Raise what ends this runner's work: `WorkerStopped`, `LostRun`, or `StopRun` if a person cancelled."""
    if stopping.is_set():
        raise WorkerStopped
    if not lock.is_held():
        raise LostRun(f"The lock of {run.job_id} is gone")
    run.refresh_from_db(fields=["cancelled_by"])
    if run.cancelled_by:
        raise _cancelled(run)


def _cancelled(run: SyncRun) -> StopRun:
    return StopRun(RunStatus.CANCELLED, line=("cancelled", {"actor": run.cancelled_by}))


def finish_run(run: SyncRun, status: str, *, reason: str = "") -> None:
    """Close the run's row. Raises `LostRun`."""
    with transaction.atomic():
        if not _close_row(run, status, reason=reason, token=run.token):
            raise LostRun(f"Run {run.pk} is somebody else's")
        run.log("finished", status=status)
    run.refresh_from_db()


def stop_run(run: SyncRun, stop: StopRun) -> None:
    """Close the run's row, unless it is somebody else's by now."""
    try:
        with transaction.atomic():
            if stop.line:
                run.log(stop.line[0], **stop.line[1])
            finish_run(run, stop.status, reason=stop.reason)
    except LostRun:
        logger.warning("Run was lost", extra={"job": run.job_id, "run_id": run.pk})


def _close_row(run: SyncRun, status: str, *, reason: str = "", **still: Any) -> bool:
    """Close a row that is running and `still` so, in the caller's transaction. False if it is not."""
    closed = SyncRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING, **still).update(
        status=status, finished_at=Now(), reason=reason, waiting_for="", waiting_since=None
    )
    if closed:
        run.notify_if_failed(status)
    return bool(closed)


def reason_of(error: ServiceError) -> str:
    """The call that ended a run, in one sentence, with the status of a rejection, which does not name it."""
    is_answer = isinstance(error, Rejected) and error.status
    return f"{error} (answered {error.status})" if is_answer else str(error)


def end_undeclared(name: str) -> None:
    """End what was begun of a job that no file declares any more; the caller holds the lock."""
    for run in SyncRun.objects.filter(job_id=name, status=RunStatus.RUNNING):
        with transaction.atomic():
            if _close_row(run, RunStatus.FAILED, reason=UNDECLARED):
                run.log("undeclared")


def cancel(run_id: int, *, actor: str) -> SyncRun:
    """Stop a run within its page. Raises `SyncRun.DoesNotExist` and `NotRunning`."""
    with transaction.atomic():
        run = SyncRun.objects.select_for_update().get(pk=run_id)
        if not run.is_running:
            raise NotRunning
        SyncRun.objects.filter(pk=run_id, cancelled_by="").update(cancelled_by=actor)
        CANCELLED.record(actor, run.job_id, {"run": run_id})
    with only_runner(run.job_id) as lock:
        run.refresh_from_db()
        if lock and run.is_running:  # no runner is there to end it
            stop_run(run, _cancelled(run))
    return run


def close_as_stuck(run: SyncRun, code: str, **detail: object) -> SyncRun | None:
    """End a run that gets nowhere, and begin one that goes on from its checkpoint."""
    with transaction.atomic():
        if not _close_row(run, RunStatus.STUCK):
            return None
        run.log(code, **detail)
        names = ("job_id", "kind", "author", "window_at", "since", "chosen", "checkpoint")
        next_run = SyncRun.objects.create(continues=run, **{name: getattr(run, name) for name in names})
        next_run.log("continues", run=run.pk)
        transaction.on_commit(lambda: wake_worker(run.job_id))
    return next_run


def watch() -> None:
    """Find runs that nobody works on, and take those over whose runner gives no sign."""
    now = timezone.now()
    for run in SyncRun.objects.filter(status=RunStatus.RUNNING):
        sign = run.heartbeat_at or run.started_at
        if now - sign > SILENT_AFTER and lock_holder(run.job_id):
            end_holder(run.job_id)
            close_as_stuck(run, "no_signal")
        elif now - sign > UNHELD_AFTER and not lock_holder(run.job_id):
            wake_worker(run.job_id)


def wake_worker(name: str) -> None:
    """Ask a worker to go on with what was begun. A broker that is away is only logged: the watch asks."""
    try:
        app.send_task("sync.go_on", (name,), queue="sync", expires=600)
    except (OperationalError, OSError) as error:
        logger.warning("Run could not be sent", extra={"job": name, "error": type(error).__name__})
