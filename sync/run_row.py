"""The row of a run that is under way: only the runner whose token it has changes it."""

import logging
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from carinho.celery import stopping
from carinho.services.errors import Rejected, ServiceError
from sync.models import RunStatus, SyncRun
from sync.runs import JobLock

logger = logging.getLogger(__name__)

LogEntry = tuple[str, dict[str, object]]  # a code of the run's log, and its parameters


class LostRun(Exception):
    """Somebody else goes on with this run: nothing more may be written for it."""


class WorkerStopped(Exception):
    """This worker ends: another one goes on."""


class Ended(Exception):
    """The run ends here, before its last page."""

    def __init__(self, status: RunStatus, reason: str = "", line: LogEntry | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.line = status, reason, line


def update_mine(run: SyncRun, **columns: Any) -> None:
    """Change the run's row, if it is still this runner's. Raises `LostRun`."""
    mine = SyncRun.objects.filter(pk=run.pk, token=run.token, status="running")
    if not mine.update(heartbeat_at=Now(), **columns):
        raise LostRun(f"Run {run.pk} is somebody else's")


def obey(run: SyncRun, lock: JobLock) -> None:
    """Raise what ends this runner's work: `WorkerStopped`, `LostRun`, or `Ended` if somebody cancelled it."""
    if stopping.is_set():
        raise WorkerStopped
    if not lock.is_held():
        raise LostRun(f"The lock of {run.job_id} is gone")
    run.refresh_from_db(fields=["cancelled_by"])
    if run.cancelled_by:
        raise Ended(RunStatus.CANCELLED, line=("cancelled", {"actor": run.cancelled_by}))


def finish(run: SyncRun, status: str, *, reason: str = "") -> None:
    """Close the run's row. Raises `LostRun`."""
    with transaction.atomic():
        update_mine(run, status=status, finished_at=Now(), reason=reason, waiting_for="", waiting_since=None)
        run.log("finished", status=status)
        run.tell_if_failed(status)
    run.refresh_from_db()


def end(run: SyncRun, how: Ended) -> None:
    """Close the run's row, unless it is somebody else's by now."""
    try:
        if how.line:
            run.log(how.line[0], **how.line[1])
        finish(run, how.status, reason=how.reason)
    except LostRun:
        logger.warning("Run was lost", extra={"job": run.job_id, "run_id": run.pk})


def reason_of(error: ServiceError) -> str:
    """The call that ended a run, in one sentence, with the status of a rejection, which does not name it."""
    is_answer = isinstance(error, Rejected) and error.status
    return f"{error} (answered {error.status})" if is_answer else str(error)
