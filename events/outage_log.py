"""The record of outages: opened and closed by what the circuits show, settled when all that waited ended."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from events.models import CircuitBreaker, Delivery, DeliveryStatus, OutageCause, OutageRecord

KEPT = timedelta(days=365)
ENDS = {
    DeliveryStatus.DONE: "delivered",
    DeliveryStatus.DEAD: "failed",
    DeliveryStatus.SKIPPED: "skipped",
}


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
    for record in OutageRecord.objects.filter(ended_at__isnull=False, settled_at=None):
        _count(record, now)
    OutageRecord.objects.filter(ended_at__lt=now - KEPT).delete()


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
        record.held_ids = sorted(_held(record, now).values_list("pk", flat=True))
        record.held = record.waiting = len(record.held_ids)
        record.save()


def _held(record: OutageRecord, now: datetime) -> QuerySet[Delivery]:
    """What waits still, what began since the outage did, and what ended since."""
    return Delivery.objects.filter(service=record.service, created_at__lte=record.ended_at).filter(
        Q(status=DeliveryStatus.QUEUED, due_at__lte=now)
        | Q(status=DeliveryStatus.QUEUED, claimed_at__gte=record.began_at)
        | Q(status=DeliveryStatus.RUNNING)
        | Q(finished_at__gte=record.began_at)
    )


def _count(record: OutageRecord, now: datetime) -> None:
    found = Delivery.objects.filter(pk__in=record.held_ids).order_by().values_list("status")
    counts = dict(found.annotate(count=Count("pk")))
    ended = {column: counts.pop(status, 0) for status, column in ENDS.items()}
    waiting = sum(counts.values())
    OutageRecord.objects.filter(pk=record.pk, settled_at=None).update(
        **ended, waiting=waiting, settled_at=None if waiting else now
    )
