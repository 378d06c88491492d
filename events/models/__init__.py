"""The rows that are the truth of the hub: one file per subject."""

from events.models.bulk_job import BulkItem, BulkItemState, BulkJob, BulkState
from events.models.conformance_check import CheckState, ConformanceCheck
from events.models.correction import Correction
from events.models.counts import CountDelta, HourlyCount, Measure
from events.models.dead_letter import DATA_CAUSES, DeadLetter, DeadLetterStatus
from events.models.delivery import Attempt, Delivery, DeliveryStatus, Outcome, SkipCause
from events.models.escalation import Escalation
from events.models.event import Event, EventStatus, WithoutFlow
from events.models.failure_group import EntryKind, FailureGroup, GroupEntry, GroupState, ResolvedWith
from events.models.lane import BreakerState, CircuitBreaker, Lane, SystemState
from events.models.outage import OutageCause, OutageRecord
from events.models.recipe import Recipe, Remedy
from events.models.redirect import Redirect
from events.models.rejected_request import RejectedRequest

__all__ = [
    "DATA_CAUSES",
    "Attempt",
    "BreakerState",
    "BulkItem",
    "BulkItemState",
    "BulkJob",
    "BulkState",
    "CheckState",
    "CircuitBreaker",
    "ConformanceCheck",
    "Correction",
    "CountDelta",
    "DeadLetter",
    "DeadLetterStatus",
    "Delivery",
    "DeliveryStatus",
    "EntryKind",
    "Escalation",
    "Event",
    "EventStatus",
    "FailureGroup",
    "GroupEntry",
    "GroupState",
    "HourlyCount",
    "Lane",
    "Measure",
    "OutageCause",
    "OutageRecord",
    "Outcome",
    "Recipe",
    "Redirect",
    "RejectedRequest",
    "Remedy",
    "ResolvedWith",
    "SkipCause",
    "SystemState",
    "WithoutFlow",
]
