"""Old runs go, in small portions; what failed or differs stays until it is settled, and some time after."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from sync.models import Agreement, SyncDifference, SyncFailure, SyncRun

RUNS_KEPT = timedelta(days=90)
CLOSED_KEPT = timedelta(days=365)
BATCH = 200


def prune() -> None:
    """Delete one portion of each kind."""
    now = timezone.now()
    _portion(SyncRun.objects.filter(finished_at__lt=now - RUNS_KEPT))
    _portion(SyncFailure.objects.filter(closed_at__lt=now - CLOSED_KEPT))
    _portion(SyncDifference.objects.filter(closed_at__lt=now - CLOSED_KEPT))
    _portion(Agreement.objects.filter(day__lt=(now - CLOSED_KEPT).date()))


def _portion(rows: QuerySet[Any]) -> None:
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    rows.model.objects.filter(pk__in=ids).delete()
