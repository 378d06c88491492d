"""The scheduler of django-celery-beat, which outlives interrupted queries and schedules nobody can follow."""

import logging
import math
import time
from typing import Any

from celery.schedules import ParseException, schedstate
from django.db import connection
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

logger = logging.getLogger(__name__)

RETRY_SECONDS = 60.0


class Entry(ModelEntry):
    """One task's schedule. One that cannot be followed is left out: the other tasks go on."""

    def __init__(self, model: Any, app: Any = None) -> None:
        try:
            super().__init__(model, app=app)
        except (ParseException, ValueError, OverflowError) as error:
            logger.error("Schedule cannot be read", extra={"task": model.name, "error": str(error)})  # noqa: TRY400
            raise ValueError(str(error)) from error  # the one error that the scheduler expects here

    def is_due(self) -> Any:
        try:
            return super().is_due()
        except (RuntimeError, ValueError, OverflowError) as error:  # a date that comes too seldom for celery
            logger.error("Schedule never comes", extra={"task": self.name, "error": str(error)})  # noqa: TRY400
            return schedstate(is_due=False, next=RETRY_SECONDS)

    def save(self) -> None:
        """Write only what is beat's: a task that somebody paused or changed meanwhile stays so."""
        mine = type(self.model).objects.filter(pk=self.model.pk, enabled=True)
        mine.update(last_run_at=self.model.last_run_at, total_run_count=self.model.total_run_count)


class Scheduler(DatabaseScheduler):
    Entry = Entry
    asked_at = -math.inf
    _heap_invalidated: bool  # set by the scheduler above when it reads the schedules anew

    def schedule_changed(self) -> bool:
        """Ask the database as often as while nothing is due; Celery would before each task that it sends."""
        if time.monotonic() < self.asked_at + self.max_interval:
            return False
        self.asked_at = time.monotonic()
        return super().schedule_changed()

    def schedules_equal(self, *_schedules: Any) -> bool:
        """Whether nothing was read anew. Celery would compare all of them before each task that it sends."""
        is_new, self._heap_invalidated = self._heap_invalidated, False
        return not is_new

    def sync(self) -> None:
        """Celery writes the schedule in the signal's handler, which interrupts the thread that queries.

        A query that is interrupted holds the connection's lock: a second one would wait for it for ever. What
        is then not written is only when the last tasks were sent, and every task bears being sent twice.
        """
        is_querying = connection.connection is not None and connection.connection.lock.locked()
        if not is_querying:
            super().sync()
