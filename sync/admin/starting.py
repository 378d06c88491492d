"""Starting runs for an operator: what cannot start because the job runs is told, not an error."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sync import runs
from sync.models import RunKind


def start_jobs(names: Sequence[str], actor: str, kind: RunKind) -> list[str]:
    """Start these jobs; returns those that were started."""
    return [name for name in names if _started(name, actor, kind, {})]


def start_records(rows: Iterable[Any], what: str, actor: str) -> list[int]:
    """Bring these rows' records through their jobs again; returns the ids of those that are on their way.

    `what` says which rows they are: "failures" or "differences".
    """
    on_their_way: list[int] = []
    for name, of_job in groupby(sorted(rows, key=lambda row: row.job_id), key=lambda row: row.job_id):
        ids = [row.pk for row in of_job]
        if _started(name, actor, RunKind.RECORDS, {what: ids}):
            on_their_way += ids
    return on_their_way


def _started(name: str, actor: str, kind: RunKind, chosen: runs.Chosen) -> bool:
    try:
        runs.start(name, author=actor, kind=kind, chosen=chosen)
    except (runs.AlreadyRunning, LookupError):
        return False
    return True
