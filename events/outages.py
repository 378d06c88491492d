"""Outages: the systems that hold their deliveries at the moment, and the record of what held them before.

A record is opened and closed by what the circuits show, and settled when all that waited has ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.access.models import AuditEntry
from carinho.database import run
from events.engine import wakeup
from events.models import (
    Attempt,
    BreakerState,
    CircuitBreaker,
    DeadLetter,
    DeadLetterStatus,
    Delivery,
    DeliveryStatus,
    OutageCause,
    OutageRecord,
)
from events.queues import Queue, queue_by_system

TRIED_NOW = Audited("breaker.try_now", _("testou o sistema"))
RECORDS_KEPT = timedelta(days=365)
FIRST_PROBES = """
SELECT trial.id, probe.outcome
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS trial(id, at, service)
LEFT JOIN LATERAL (
    SELECT attempt.outcome
    FROM events_attempt AS attempt JOIN events_delivery AS delivery ON delivery.id = attempt.delivery_id
    WHERE attempt.is_probe AND attempt.started_at >= trial.at AND delivery.service = trial.service
    ORDER BY attempt.started_at LIMIT 1) AS probe ON true
"""
WAITED_BY_STATUS = """
SELECT outage.id, delivery.status, count(*)
FROM events_outagerecord AS outage
CROSS JOIN LATERAL jsonb_array_elements_text(outage.held_ids) AS held(id)
JOIN events_delivery AS delivery ON delivery.id = held.id::bigint
WHERE outage.id = ANY(%s) GROUP BY outage.id, delivery.status
"""
ENDS = {
    DeliveryStatus.DONE: "delivered",
    DeliveryStatus.DEAD: "failed",
    DeliveryStatus.SKIPPED: "skipped",
}


@dataclass(frozen=True)
class Outage:
    """What of the queue is due is held; the rest waits for its own time besides."""

    breaker: CircuitBreaker
    queue: Queue
    probe: Attempt | None

    @property
    def since(self) -> datetime | None:
        return self.breaker.held_since


def held() -> QuerySet[Delivery]:
    """The deliveries that are due and kept back by an open circuit, a pause, or a system that is offline."""
    return Delivery.objects.filter(status=DeliveryStatus.QUEUED, due_at__lte=Now(), service__in=holding())


def holding() -> list[str]:
    """The systems to which nothing goes at the moment."""
    return [breaker.service for breaker in _holding()]


def current() -> list[Outage]:
    """One per system that holds, also when nothing waits for it, the longest first."""
    queues = queue_by_system()
    outages = [
        Outage(breaker, queues.get(breaker.service, Queue()), _last_probe(breaker)) for breaker in _holding()
    ]
    return sorted(outages, key=lambda outage: (outage.since is None, outage.since))


def lately_over() -> dict[str, datetime]:
    """By system, when its last outage ended, as long as not all that waited in it has."""
    rows = OutageRecord.objects.filter(settled_at=None, ended_at__isnull=False).order_by("ended_at")
    return {row.service: row.ended_at for row in rows.defer("held_ids") if row.ended_at}


def try_now(service: str, *, actor: str) -> bool:
    """Let the next delivery find out at once if the system is back; False unless its circuit is open.

    Where it is not, the next trial comes after the same wait as before: who asks often makes it no longer.
    """
    waited = F("next_probe_at") - F("opened_at")
    with transaction.atomic():
        moved = CircuitBreaker.objects.filter(
            service=service, state=BreakerState.OPEN, next_probe_at__isnull=False, paused_at=None
        ).update(
            opened_at=Now() - waited,
            next_probe_at=Now(),
            trips=Greatest(F("trips") - 1, 0),
            version=F("version") + 1,
        )
        if moved:
            TRIED_NOW.record(actor, service)
            transaction.on_commit(lambda: wakeup.wake_up([service]))
    return bool(moved)


def _holding() -> list[CircuitBreaker]:
    return [breaker for breaker in CircuitBreaker.objects.all() if breaker.holds]


def trial_outcomes(moves: Iterable[AuditEntry]) -> dict[int, str | None]:
    """By the ids of the trials among these moves, the outcome of the first probe after; None before that.

    It stays what it was: the circuit as it is now may tell of a later outage.
    """
    given = [[move.pk, move.at, move.target] for move in moves if move.action == TRIED_NOW.name]
    rows = run(FIRST_PROBES, [list(column) for column in zip(*given, strict=True)]) if given else []
    return dict(rows)


def _last_probe(breaker: CircuitBreaker) -> Attempt | None:
    if breaker.refuses:  # its delivery is a dead letter by now, and what it was told is the last error
        return None
    # a failed probe marks its delivery with `held_since`: there are as many of these as probes, not as held
    tried = Delivery.objects.filter(
        service=breaker.service, status=DeliveryStatus.QUEUED, held_since__isnull=False
    )
    return Attempt.objects.filter(delivery__in=tried, is_probe=True).order_by("-id").first()


# --- the record -----------------------------------------------------------------------------------


def observe() -> None:
    """Write down what began, what ended, and what became of what waited. Called every few seconds."""
    now = timezone.now()
    holding = {row.service: row for row in CircuitBreaker.objects.all() if row.held_since}
    under_way = set(OutageRecord.objects.filter(ended_at=None).values_list("service", flat=True))
    OutageRecord.objects.bulk_create(
        [_opened(row) for name, row in holding.items() if name not in under_way], ignore_conflicts=True
    )
    for service in under_way - holding.keys():
        _close(service, now)
    unsettled = OutageRecord.objects.filter(ended_at__isnull=False, settled_at=None)
    for record_id, counts in _now_by_status(unsettled.values_list("pk", flat=True)).items():
        _count(record_id, counts, now)
    OutageRecord.objects.filter(ended_at__lt=now - RECORDS_KEPT).delete()


def ended_between(first: datetime, last: datetime) -> QuerySet[OutageRecord]:
    return OutageRecord.objects.filter(ended_at__gte=first, ended_at__lt=last).defer("held_ids")


def _opened(row: CircuitBreaker) -> OutageRecord:
    began = {
        OutageCause.CIRCUIT: (row.outage_since, row.last_error),
        OutageCause.PAUSED: (row.paused_at, row.pause_reason),
        OutageCause.OFFLINE: (row.offline_since, ""),
    }
    since, cause, reason = min((at, cause, said) for cause, (at, said) in began.items() if at)
    return OutageRecord(service=row.service, cause=cause, reason=reason, began_at=since)


def _close(service: str, now: datetime) -> None:
    with transaction.atomic():
        record = OutageRecord.objects.select_for_update().filter(service=service, ended_at=None).first()
        if record is None:  # another process closed it
            return
        closed_at = CircuitBreaker.objects.values_list("closed_at", flat=True).get(pk=service)
        record.ended_at = closed_at if closed_at and closed_at > record.began_at else now
        record.held_ids = sorted({*_waited(record, now).values_list("pk", flat=True), *_failed_since(record)})
        record.held = record.waiting = len(record.held_ids)
        record.save()


def _waited(record: OutageRecord, now: datetime) -> QuerySet[Delivery]:
    """What waits still or is tried again, what began since the outage did, and what ended since."""
    return Delivery.objects.filter(service=record.service, created_at__lte=record.ended_at).filter(
        Q(status=DeliveryStatus.QUEUED, due_at__lte=now)
        | Q(status=DeliveryStatus.QUEUED, attempts__gt=0)
        | Q(status=DeliveryStatus.QUEUED, claimed_at__gte=record.began_at)
        | Q(status=DeliveryStatus.RUNNING)
        | Q(finished_at__gte=record.began_at)
    )


def _failed_since(record: OutageRecord) -> QuerySet[DeadLetter, int]:
    """The deliveries that need a person since: they have no end, and are found by their open items."""
    failed = DeadLetter.objects.filter(
        service=record.service, status=DeadLetterStatus.OPEN, failed_at__gte=record.began_at
    )
    return failed.filter(delivery__created_at__lte=record.ended_at).values_list("delivery_id", flat=True)


def _count(record_id: int, counts: dict[str, int], now: datetime) -> None:
    ended = {column: counts.pop(status, 0) for status, column in ENDS.items()}
    waiting = sum(counts.values())
    OutageRecord.objects.filter(pk=record_id, settled_at=None).update(
        **ended, waiting=waiting, settled_at=None if waiting else now
    )


def count_now(records: Iterable[OutageRecord]) -> None:
    """Give those that are not settled their counts of this moment, as the queues have them; saves nothing.

    What was written down is some seconds old. Of what waits, `under_way` is being delivered.
    """
    unsettled = {record.pk: record for record in records if record.ended_at and not record.settled_at}
    for pk, counts in _now_by_status(unsettled).items():
        record = unsettled[pk]
        record.under_way = counts.get(DeliveryStatus.RUNNING, 0)
        for status, column in ENDS.items():
            setattr(record, column, counts.pop(status, 0))
        record.waiting = sum(counts.values())


def _now_by_status(ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """By outage, how many of those that waited are in which status."""
    found: dict[int, dict[str, int]] = {id: {} for id in ids}
    for id, status, count in run(WAITED_BY_STATUS, [list(found)]) if found else ():
        found[id][status] = count
    return found
