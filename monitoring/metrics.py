"""Every number that monitoring shows, measured read-only: from the few open rows and from the hourly counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone

from events import outages, rollups
from events.models import (
    CircuitBreaker,
    DeadLetter,
    DeadLetterStatus,
    Event,
    EventStatus,
    HourlyCount,
    Measure,
)
from monitoring import days
from monitoring.models import Heartbeat

EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
SETTLED = ("processed", "failed", "archived")


def pending() -> int:
    return Event.objects.filter(status=EventStatus.PENDING).count()


def events(span: days.Span) -> dict[str, int]:
    """The events that arrived in these hours: all, and how many are now processed or failed."""
    return _events_of(rollups.read(Measure.EVENT, *span))


def _events_of(rows: Iterable[rollups.Row]) -> dict[str, int]:
    by_status: Counter[str] = Counter()
    for row in rows:
        by_status[row.detail] += row.amount
    return {
        "total": by_status.total(),
        "processed": by_status["processed"],
        "failed": by_status["failed"],
        "archived": by_status["archived"],
    }


def events_by_type(span: days.Span) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rollups.read(Measure.EVENT, *span):
        counts[row.name] += row.amount
    return dict(counts.most_common())


def events_by_hour(span: days.Span) -> dict[datetime, dict[str, int]]:
    """Per hour of arrival what `events` says of all of them."""
    hours: dict[datetime, list[rollups.Row]] = defaultdict(list)
    for row in rollups.read(Measure.EVENT, *span):
        hours[row.hour].append(row)
    return {hour: _events_of(rows) for hour, rows in hours.items()}


def events_by_day(span: days.Span) -> dict[date, dict[str, int]]:
    """The same per day of São Paulo."""
    per_day: dict[date, list[rollups.Row]] = defaultdict(list)
    for row in rollups.read(Measure.EVENT, *span):
        per_day[timezone.localdate(row.hour)].append(row)
    return {day: _events_of(rows) for day, rows in per_day.items()}


def letters_by_day(span: days.Span) -> dict[date, int]:
    counts: Counter[date] = Counter()
    for row in rollups.read(Measure.DEAD_LETTER, *span):
        counts[timezone.localdate(row.hour)] += row.amount
    return dict(counts)


def failures(span: days.Span) -> tuple[int, int]:
    """Of the events that arrived in these hours: how many failed, and how many came to an end at all."""
    counts = events(span)
    return counts["failed"], sum(counts[name] for name in SETTLED)


def deliveries(span: days.Span, service: str = "") -> dict[str, int]:
    """What ended in these hours: sent well, or handed to a person."""
    done = rollups.total(
        row
        for row in rollups.read(Measure.ATTEMPT, *span)
        if row.name == "done" and service in ("", row.service)
    )
    dead = rollups.total(
        row for row in rollups.read(Measure.DEAD_LETTER, *span) if service in ("", row.service)
    )
    return {"total": done + dead, "success": done, "failed": dead}


def dead_letters_added(span: days.Span) -> int:
    return rollups.total(rollups.read(Measure.DEAD_LETTER, *span))


def open_letters() -> int:
    return DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).count()


def dead_letters(span: days.Span) -> dict[str, Any]:
    """What waits for a person now, by cause, and how many came in this span."""
    open_now = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).order_by()
    by_cause = dict(open_now.values_list("cause").annotate(Count("pk")))
    return {
        "total": sum(by_cause.values()),
        "today": dead_letters_added(span),
        "by_cause": dict(sorted(by_cause.items(), key=lambda pair: -pair[1])),
    }


RETRIES = """
SELECT service, count(*), count(*) FILTER (WHERE due_at <= now()), min(created_at)
FROM events_delivery WHERE status = 'queued' AND attempts > 0 GROUP BY service
"""


def retry_queue() -> dict[str, Any]:
    """What failed and will be tried again by itself."""
    with connection.cursor() as cursor:
        cursor.execute(RETRIES)
        rows = cursor.fetchall()
    return {
        "total": sum(row[1] for row in rows),
        "ready": sum(row[2] for row in rows),
        "oldest": min((row[3] for row in rows), default=None),
        "by_service": {row[0]: row[1] for row in rows},
    }


QUEUES = """
SELECT service, count(*), count(*) FILTER (WHERE due_at <= now()), min(due_at) FILTER (WHERE due_at <= now())
FROM events_delivery WHERE status = 'queued' GROUP BY service
"""


@dataclass(frozen=True)
class Queue:
    """One system's queue: all that waits, what is due, and since when the first of these is."""

    waiting: int = 0
    due: int = 0
    oldest: datetime | None = None


def queues() -> dict[str, Queue]:
    with connection.cursor() as cursor:
        cursor.execute(QUEUES)
        return {row[0]: Queue(*row[1:]) for row in cursor.fetchall()}


def breakers() -> list[CircuitBreaker]:
    return list(CircuitBreaker.objects.all())


def silence(now: datetime) -> dict[str, float | None]:
    """Seconds since each part was seen; None for one that never was."""
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    return {
        part: (now - seen[part]).total_seconds() if part in seen else None
        for part in ("worker", "beat", "scheduler")
    }


OLDEST_TRANSACTION = """
SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)
FROM pg_stat_activity WHERE state <> 'idle' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def oldest_transaction() -> float:
    """Seconds for which the oldest transaction has been open."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_TRANSACTION)
        return float(cursor.fetchone()[0])


@dataclass(frozen=True)
class Answers:
    """How one system answered: tries by result, and how long the answers took."""

    outcomes: dict[str, int]
    buckets: dict[float, int]  # upper bound in ms: how many, not cumulated
    total_ms: int = 0

    @property
    def tries(self) -> int:
        return sum(self.outcomes.values())

    @property
    def success_rate(self) -> float | None:
        """Percent; None when nothing was tried."""
        return 100 * self.outcomes.get("done", 0) / self.tries if self.tries else None

    def quantile(self, share: float) -> float | None:
        """The answer time in ms that this share stayed under, read off the buckets; None without answers."""
        wanted, passed = share * sum(self.buckets.values()), 0
        if not wanted:
            return None
        for lower, upper in pairwise([0.0, *rollups.BUCKETS_MS, float("inf")]):
            here = self.buckets.get(upper, 0)
            if here and passed + here >= wanted:
                return lower if upper == float("inf") else lower + (upper - lower) * (wanted - passed) / here
            passed += here
        return None


def answers(span: days.Span) -> dict[str, Answers]:
    """Per system, what was tried in these hours and how long it took. Tries of unknown end took no known time."""
    return _answers_of(rollups.read(Measure.ATTEMPT, *span), rollups.read(Measure.ATTEMPT_MS, *span))


def _answers_of(tried: Iterable[rollups.Row], took: Iterable[rollups.Row]) -> dict[str, Answers]:
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    buckets: dict[str, Counter[float]] = defaultdict(Counter)
    total_ms: Counter[str] = Counter()
    for row in tried:
        outcomes[row.service][row.name] += row.amount
        if row.name != "unknown":
            buckets[row.service][float(row.detail)] += row.amount
    for row in took:
        total_ms[row.service] += row.amount if row.name != "unknown" else 0
    return {name: Answers(dict(outcomes[name]), dict(buckets[name]), total_ms[name]) for name in outcomes}


def answers_by(span: days.Span, part_of: Any) -> dict[Any, dict[str, Answers]]:
    """`answers` once per part of the span; `part_of` tells the part of an hour."""
    tried: dict[Any, list[rollups.Row]] = defaultdict(list)
    for row in rollups.read(Measure.ATTEMPT, *span):
        tried[part_of(row.hour)].append(row)
    return {part: _answers_of(rows, []) for part, rows in sorted(tried.items())}


def held() -> dict[str, Any]:
    """The deliveries kept back by an open circuit or a pause."""
    by_service = dict(outages.held().order_by().values_list("service").annotate(Count("pk")))
    return {"total": sum(by_service.values()), "by_service": by_service}


def first_day() -> date | None:
    """The day of the first event that was ever counted."""
    first = HourlyCount.objects.filter(measure=Measure.EVENT, hour__gt=EPOCH).aggregate(first=Min("hour"))[
        "first"
    ]
    return timezone.localdate(first) if first else None
