"""What is kept of the synchronisations."""

from sync.models.difference import Agreement, DifferenceKind, SyncDifference
from sync.models.failure import FailureStatus, SyncFailure
from sync.models.job import SyncJob
from sync.models.record import SyncRecord
from sync.models.run import LogLine, PlannedWrite, RunKind, RunStatus, SyncRun

__all__ = [
    "Agreement",
    "DifferenceKind",
    "FailureStatus",
    "LogLine",
    "PlannedWrite",
    "RunKind",
    "RunStatus",
    "SyncDifference",
    "SyncFailure",
    "SyncJob",
    "SyncRecord",
    "SyncRun",
]
