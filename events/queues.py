"""What waits for each system at the moment, in one statement for all of them."""

from dataclasses import dataclass
from datetime import datetime

from carinho.database import run

# Every row is counted once. What is due is the rest of what is not due yet, and its oldest the first of the
# index: to ask each row whether it is due would take a fifth longer, and all pages wait for this.
QUEUES = """
SELECT queue.service, waiting,
       waiting - (SELECT count(*) FROM events_delivery AS later
                  WHERE later.status = 'queued' AND later.service = queue.service
                    AND later.due_at > statement_timestamp()),
       (SELECT min(due_at) FROM events_delivery AS due
        WHERE due.status = 'queued' AND due.service = queue.service AND due.due_at <= statement_timestamp()),
       (SELECT max(finished_at) FROM events_delivery AS done
        WHERE done.status = 'done' AND done.service = queue.service)
FROM (SELECT service, count(*) AS waiting FROM events_delivery
      WHERE status = 'queued' GROUP BY service) AS queue
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
