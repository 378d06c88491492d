"""The row of a run that is under way: only the runner whose token it has changes it."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from carinho.services.errors import Rejected, ServiceError
from sync.models import RunStatus, SyncRun


class LostRun(Exception):
    """Somebody else goes on with this run: nothing more may be written for it."""


class WorkerStopped(Exception):
    """This worker ends: another one goes on."""


class Ended(Exception):
    """The run ends here, before its last page."""

    def __init__(
        self, status: RunStatus, reason: str = "", line: tuple[str, dict[str, object]] | None = None
    ) -> None:
        super().__init__(reason)
        self.status, self.reason, self.line = status, reason, line


def update_mine(run: SyncRun, **columns: Any) -> None:
    """Change the run's row, if it is still this runner's. Raises `LostRun`."""
    mine = SyncRun.objects.filter(pk=run.pk, token=run.token, status="running")
    if not mine.update(heartbeat_at=Now(), **columns):
        raise LostRun(f"Run {run.pk} is somebody else's")


def finish(run: SyncRun, status: str, *, reason: str = "") -> None:
    """Close the run's row. Raises `LostRun`."""
    with transaction.atomic():
        update_mine(run, status=status, finished_at=Now(), reason=reason, waiting_for="", waiting_since=None)
        run.log("finished", status=status)
        run.tell_if_failed(status)
    run.refresh_from_db()


def reason_of(error: ServiceError) -> str:
    """The call that ended a run, in one sentence, with the status of a rejection, which does not name it."""
    is_answer = isinstance(error, Rejected) and error.status
    return f"{error} (answered {error.status})" if is_answer else str(error)
