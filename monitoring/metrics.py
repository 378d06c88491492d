"""Every number that monitoring shows, measured read-only from the few open rows and the hourly counts."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone

from events import statistics
from events.models import (
    CircuitBreaker,
    DeadLetter,
    DeadLetterStatus,
    Event,
    EventStatus,
    HourlyCount,
    Measure,
)
from monitoring import periods
from monitoring.models import Heartbeat, Notification, NotificationStatus

EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
SETTLED = ("processed", "failed", "archived")


def pending() -> int:
    return Event.objects.filter(status=EventStatus.PENDING).count()


def events(span: periods.Span) -> dict[str, int]:
    """The events that arrived in these hours: all, and how many are now processed, failed or archived."""
    return _events_of(_counted(span, ["detail"]))


def _counted(span: periods.Span, by: list[str]) -> dict[tuple[Any, ...], int]:
    return statistics.sums(Measure.EVENT, *span, by, without=[statistics.RECEIPTS])


def _events_of(amounts: dict[tuple[Any, ...], int]) -> dict[str, int]:
    by_status = {status: amount for (status,), amount in amounts.items()}
    return {"total": sum(by_status.values())} | {name: by_status.get(name, 0) for name in SETTLED}


def events_by_type(span: periods.Span) -> dict[str, int]:
    counts = Counter({name: amount for (name,), amount in _counted(span, ["name"]).items()})
    return dict(counts.most_common())


def events_by(part: str, span: periods.Span) -> dict[Any, dict[str, int]]:
    """What `events` says, per "hour" or "day" of arrival."""
    return {key: _events_of(amounts) for key, amounts in _split(_counted(span, [part, "detail"])).items()}


def _split(sums: dict[tuple[Any, ...], int]) -> dict[Any, dict[tuple[Any, ...], int]]:
    """Sums by several columns, as one table per value of the first."""
    parts: dict[Any, dict[tuple[Any, ...], int]] = defaultdict(dict)
    for (first, *rest), amount in sums.items():
        parts[first][tuple(rest)] = amount
    return dict(sorted(parts.items()))


def failures(span: periods.Span) -> tuple[int, int]:
    """Of the events that arrived in these hours: how many failed, and how many came to an end at all."""
    counts = events(span)
    return counts["failed"], sum(counts[name] for name in SETTLED)


def deliveries(span: periods.Span) -> dict[str, int]:
    """What ended in these hours: sent well, or handed to a person."""
    done = statistics.sums(Measure.ATTEMPT, *span, ["name"]).get(("done",), 0)
    return _deliveries_of(done, dead_letters_added(span))


def _deliveries_of(done: int, dead: int) -> dict[str, int]:
    return {"total": done + dead, "success": done, "failed": dead}


def deliveries_by_day(span: periods.Span) -> dict[date, dict[str, int]]:
    done, dead = statistics.sums(Measure.ATTEMPT, *span, ["day", "name"]), letters_by_day(span)
    days_known = {day for day, _outcome in done} | set(dead)
    return {day: _deliveries_of(done.get((day, "done"), 0), dead.get(day, 0)) for day in days_known}


def dead_letters_added(span: periods.Span) -> int:
    return statistics.total(Measure.DEAD_LETTER, *span)


def letters_by_day(span: periods.Span) -> dict[date, int]:
    return {day: amount for (day,), amount in statistics.sums(Measure.DEAD_LETTER, *span, ["day"]).items()}


def open_letters() -> int:
    return DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).count()


def dead_letters(span: periods.Span) -> dict[str, Any]:
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


def failed_notifications() -> dict[str, int]:
    """By channel, how many of the shift's notifications were given up."""
    failed = Notification.objects.filter(status=NotificationStatus.FAILED).order_by()
    return dict(failed.values_list("channel").annotate(Count("pk")))


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

    outcomes: Counter[str]
    buckets: Counter[float]  # upper bound in ms: how many, not cumulated

    @property
    def tries(self) -> int:
        return self.outcomes.total()

    @property
    def success_rate(self) -> float | None:
        """Percent; None when nothing was tried."""
        return 100 * self.outcomes["done"] / self.tries if self.tries else None

    def quantile(self, share: float) -> float | None:
        """The answer time in ms that this share stayed under, read off the buckets; None without answers."""
        wanted, passed = share * self.buckets.total(), 0
        if not wanted:
            return None
        for lower, upper in pairwise([0.0, *statistics.BUCKETS_MS, float("inf")]):
            here = self.buckets[upper]
            if here and passed + here >= wanted:
                return lower if upper == float("inf") else lower + (upper - lower) * (wanted - passed) / here
            passed += here
        return None


def answers(span: periods.Span) -> dict[str, Answers]:
    """Per system, what was tried in these hours and how long it took. An unknown end took no known time."""
    return _answers_of(statistics.sums(Measure.ATTEMPT, *span, ["service", "name", "detail"]))


def answers_by(part: str, span: periods.Span) -> dict[Any, dict[str, Answers]]:
    """`answers` per "hour" or "day"."""
    parts = _split(statistics.sums(Measure.ATTEMPT, *span, [part, "service", "name", "detail"]))
    return {key: _answers_of(amounts) for key, amounts in parts.items()}


def _answers_of(amounts: dict[tuple[Any, ...], int]) -> dict[str, Answers]:
    made: dict[str, Answers] = defaultdict(lambda: Answers(Counter(), Counter()))
    for (service, outcome, bound), amount in amounts.items():
        made[service].outcomes[outcome] += amount
        if outcome != "unknown":
            made[service].buckets[float(bound)] += amount
    return dict(made)


def held(breakers: list[CircuitBreaker], queues: dict[str, Queue]) -> dict[str, Any]:
    """The deliveries that are due and kept back by an open circuit or a pause."""
    holding = {row.service for row in breakers if row.holds}
    by_service = {name: queue.due for name, queue in queues.items() if name in holding and queue.due}
    return {"total": sum(by_service.values()), "by_service": by_service}


def first_day() -> date | None:
    """The day of the first event that was ever counted."""
    first = HourlyCount.objects.filter(measure=Measure.EVENT, hour__gt=EPOCH).aggregate(first=Min("hour"))[
        "first"
    ]
    return timezone.localdate(first) if first else None
