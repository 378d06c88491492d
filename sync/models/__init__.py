from sync.models.correction import RecordCorrection
from sync.models.record import (
    ORPHAN,
    RESTORE,
    Agreement,
    DifferenceKind,
    FailureStatus,
    SyncDifference,
    SyncFailure,
    SyncRecord,
)
from sync.models.run import SENTENCES, LogLine, PlannedWrite, RunKind, RunStatus, SyncJob, SyncRun

__all__ = [
    "ORPHAN",
    "RESTORE",
    "SENTENCES",
    "Agreement",
    "DifferenceKind",
    "FailureStatus",
    "LogLine",
    "PlannedWrite",
    "RecordCorrection",
    "RunKind",
    "RunStatus",
    "SyncDifference",
    "SyncFailure",
    "SyncJob",
    "SyncRecord",
    "SyncRun",
]
