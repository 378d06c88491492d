"""What a worker runs for a job: what was begun or is due, and after it the comparison of both systems."""

from sync import runs
from sync.job import Job
from sync.models import RunKind, SyncRun
from sync.models.run import FAILED_STATUSES, GOOD_STATUSES
from sync.reconciliation import Reconciliation
from sync.runner import Runner
from sync.runs import JobLock


def run_scheduled(name: str) -> SyncRun | None:
    """Go on with what was begun or, if nothing was, begin. None while somebody else runs the job."""
    return _run_next(name, begins=True)


def go_on(name: str) -> SyncRun | None:
    """Go on with what was begun, if anything was and nobody does already."""
    return _run_next(name, begins=False)


def _run_next(name: str, *, begins: bool) -> SyncRun | None:
    with runs.only_runner(name) as lock:
        if lock is None:
            return None
        if name not in Job.registry:
            runs.end_undeclared(name)
            return None
        run = runs.claim_run(name)
        if run is None and begins:
            run = _create_and_claim(name, runs.SCHEDULE, RunKind.FULL)
        return _run(run, lock) if run else None


def _create_and_claim(name: str, author: str, kind: RunKind) -> SyncRun:
    runs.create_run(name, author=author, kind=kind)
    run = runs.claim_run(name)
    if run is None:
        raise runs.AlreadyRunning(None)
    return run


def _run(run: SyncRun, lock: JobLock) -> SyncRun:
    if run.kind == RunKind.CHECK:
        return Reconciliation(run, lock).go()
    ended = Runner(run, lock).go()
    if ended.kind in (RunKind.FULL, RunKind.RECORDS) and ended.status in GOOD_STATUSES:
        check = Reconciliation(_create_and_claim(ended.job_id, ended.author, RunKind.CHECK), lock).go()
        if check.status in FAILED_STATUSES:
            ended.log("check_failed", run=check.pk, reason=check.reason)
    return ended
