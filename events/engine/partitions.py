"""The lanes of one system: one, or several that share its deliveries by person.

A lane's name says all of it: `crm` takes everything, `crm:1/4` the second of four parts. Whoever drains it
need not have the setting by which it was named.
"""

from dataclasses import dataclass

from django.conf import settings

from carinho.services.base import Service
from events.engine.pacing import BURST_SECONDS

# Of partitions. Each divides the next, so no limit is exceeded while two are in use.
NUMBERS = (1, 2, 4, 8, 16)
BUCKETS = NUMBERS[-1]

# Nothing but the person says whose a delivery is; one of nobody goes by its event.
MINE = """
      AND CASE WHEN due.subject = '' THEN due.event_id ELSE hashtext(due.subject) END
          & (%(of)s - 1) = %(index)s"""


@dataclass(frozen=True)
class Partition:
    """Those deliveries of a system that one lane takes."""

    service: str
    index: int = 0
    of: int = 1

    @classmethod
    def named(cls, lane: str) -> "Partition":
        service, _, share = lane.partition(":")
        index, _, of = share.partition("/")
        return cls(service, int(index), int(of)) if share else cls(service)

    @property
    def lane(self) -> str:
        return self.service if self.of == 1 else f"{self.service}:{self.index}/{self.of}"

    @property
    def buckets(self) -> list[str]:
        """The names of its buckets' locks. Two lanes that might take the same person have one in common."""
        return [f"{self.service}#{bucket}" for bucket in range(self.index, BUCKETS, self.of)]


def lanes_of(service: str) -> list[str]:
    """The names of the lanes that share a system's deliveries, by the settings of this process."""
    kind = Service.registry.get(service)
    number = _number(kind) if kind else 1
    return [Partition(service, index, number).lane for index in range(number)]


def _number(service: type[Service]) -> int:
    """No more than leave each a call at once, and all together no larger burst than one lane may make."""
    limits = [1 if service.has_one_lane else settings.LANE_PARTITIONS, service.threads]
    if service.calls_per_second:
        limits.append(int(service.calls_per_second * BURST_SECONDS))
    return max((number for number in NUMBERS if number <= min(limits)), default=1)
