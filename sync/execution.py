"""A worker's part: take the job's lock, run what is to be run, and compare both sides afterwards."""

from sync import locks, runs
from sync.locks import Lock
from sync.models import RunKind, RunStatus, SyncRun
from sync.reconciliation import Comparison
from sync.runner import Runner


def run_scheduled(name: str) -> SyncRun | None:
    """Go on with what was begun or, if nothing was, begin. None while somebody else runs the job."""
    with locks.only_runner(name) as lock:
        if lock is None:
            return None
        return _execute(runs.take(name) or _begun(name, runs.SCHEDULE, RunKind.FULL), lock)


def go_on(name: str) -> SyncRun | None:
    """Go on with what was begun, if anything was and nobody does already."""
    with locks.only_runner(name) as lock:
        run = runs.take(name) if lock else None
        return _execute(run, lock) if run and lock else None


def _begun(name: str, author: str, kind: RunKind) -> SyncRun:
    runs.begin(name, author=author, kind=kind)
    run = runs.take(name)
    if run is None:
        raise runs.AlreadyRunning(None)
    return run


def _execute(run: SyncRun, lock: Lock) -> SyncRun:
    if run.kind == RunKind.CHECK:
        return Comparison(run, lock).go()
    ended = Runner(run, lock).go()
    if ended.kind in (RunKind.FULL, RunKind.RECORDS) and ended.status in runs.GOOD:
        check = Comparison(_begun(ended.job_id, ended.author, RunKind.CHECK), lock).go()
        if check.status == RunStatus.FAILED:
            ended.log("check_failed", run=check.pk, reason=check.reason)
    return ended
