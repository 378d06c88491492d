"""What waits for each system at the moment, in one statement for all of them."""

from dataclasses import dataclass
from datetime import datetime

from carinho.database import run

QUEUES = """
SELECT queue.*, (SELECT max(finished_at) FROM events_delivery AS done
                 WHERE done.status = 'done' AND done.service = queue.service)
FROM (SELECT service, count(*), count(*) FILTER (WHERE is_due), min(due_at) FILTER (WHERE is_due)
      FROM (SELECT service, due_at, due_at <= statement_timestamp() AS is_due
            FROM events_delivery WHERE status = 'queued') AS queued
      GROUP BY service) AS queue
"""


@dataclass(frozen=True)
class Queue:
    """One system's queue: all that waits, what is due, and since when the first of these is.

    `last_done` is when the system took its last delivery.
    """

    waiting: int = 0
    due: int = 0
    oldest: datetime | None = None
    last_done: datetime | None = None

    @property
    def later(self) -> int:
        """What is not due yet: a message of the night, or what is tried again."""
        return self.waiting - self.due

    def is_left_from(self, back_at: datetime | None) -> bool:
        """Whether something that was due before the system came back is still waiting."""
        return bool(back_at and self.oldest and self.oldest < back_at)


def queue_by_system() -> dict[str, Queue]:
    """Those in which something waits."""
    return {name: Queue(*figures) for name, *figures in run(QUEUES, [])}
