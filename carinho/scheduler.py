"""The scheduler of django-celery-beat, which also ends when it is told to in the midst of a query."""

from django.db import connection
from django_celery_beat.schedulers import DatabaseScheduler


class Scheduler(DatabaseScheduler):
    """Celery writes the schedule in the signal's handler, which interrupts the thread that queries.

    A query that is interrupted holds the connection's lock: a second one would wait for it for ever. What is
    then not written is only when the last tasks were sent, and every task bears being sent twice.
    """

    def sync(self) -> None:
        if not _is_querying():
            super().sync()


def _is_querying() -> bool:
    return connection.connection is not None and connection.connection.lock.locked()
