"""Sincronizações: the jobs, their runs, and the records that failed or differ."""

from sync.admin.jobs import JobAdmin
from sync.admin.records import DifferenceAdmin, FailureAdmin
from sync.admin.runs import RunAdmin

__all__ = ["DifferenceAdmin", "FailureAdmin", "JobAdmin", "RunAdmin"]
