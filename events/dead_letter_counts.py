"""How many dead letters there are of each kind: by the hourly counts, since 100,000 rows may be open."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, Q
from django.utils import timezone

from carinho.database import run
from events import statistics
from events.models import DeadLetter, DeadLetterStatus, Measure

OPEN = DeadLetterStatus.OPEN.value
HOUR = timedelta(hours=1)
COUNTED = 1_000  # open ones of a kind whose people are counted

Kind = tuple[str, str]  # system and cause

PEOPLE = """
SELECT service, cause, count(DISTINCT subject) FILTER (WHERE subject <> ''), count(*)
FROM unnest(%(services)s::text[], %(causes)s::text[]) AS kind(service, cause), LATERAL (
    SELECT subject FROM events_deadletter AS letter
    WHERE status = 'open' AND letter.service = kind.service AND letter.cause = kind.cause
    LIMIT %(most)s
) AS letter
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class DeadLetterCounts:
    """All by their status; the open ones by system, by cause, and by both."""

    by_status: Counter[str] = field(default_factory=Counter)
    by_service: Counter[str] = field(default_factory=Counter)
    by_cause: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[Kind] = field(default_factory=Counter)

    def of_cause(self, cause: str) -> dict[str, int]:
        """By system, the open ones of this cause."""
        return {service: amount for (service, found), amount in self.by_kind.items() if found == cause}


def now() -> DeadLetterCounts:
    counts = DeadLetterCounts()
    for (service, cause, status), amount in statistics.totals(Measure.DEAD_LETTER_STATUS).items():
        counts.by_status[status] += amount
        if status == OPEN:
            counts.by_service[service] += amount
            counts.by_cause[cause] += amount
            counts.by_kind[service, cause] += amount
    return counts


def open_now() -> int:
    return now().by_status[OPEN]


def people(kinds: Sequence[Kind]) -> dict[Kind, int]:
    """Whom the open ones of each kind are about, each counted once; a kind with too many is left out."""
    if not kinds:
        return {}
    services, causes = (list(column) for column in zip(*kinds, strict=True))
    rows = run(PEOPLE, {"services": services, "causes": causes, "most": COUNTED + 1})
    return {(service, cause): amount for service, cause, amount, read in rows if read <= COUNTED}


def open_by_type() -> Counter[str]:
    counts: Counter[str] = Counter()
    for (_service, event_type, status), amount in statistics.totals(
        Measure.DEAD_LETTER_STATUS_BY_TYPE
    ).items():
        if status == OPEN:
            counts[event_type] += amount
    return counts


def since(*moments: datetime) -> list[Counter[str]]:
    """By status those that arose since each: whole hours by the counts, the hour that it cuts by its rows."""
    cut = {f"of_{number}": (moment, _next_hour(moment)) for number, moment in enumerate(moments)}
    until = timezone.now() + HOUR
    whole = statistics.sums(
        Measure.DEAD_LETTER_STATUS, min(end for _, end in cut.values()), until, ["hour", "detail"]
    )
    within = {name: Q(created_at__gte=start, created_at__lt=end) for name, (start, end) in cut.items()}
    amounts = {name: Count("pk", filter=condition) for name, condition in within.items()}
    rows = DeadLetter.objects.filter(reduce(or_, within.values())).order_by().values("status")
    found = list(rows.annotate(**amounts).values_list("status", *within))
    counted = []
    for column, (_, end) in enumerate(cut.values(), start=1):
        counts = Counter({row[0]: row[column] for row in found})
        for (hour, status), amount in whole.items():
            counts[status] += amount if hour >= end else 0
        counted.append(counts)
    return counted


def _next_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + HOUR
