"""How deep the queues are, kept every few minutes for the charts, for 60 days."""

from datetime import datetime, timedelta

from django.utils import timezone

from monitoring import metrics
from monitoring.models import Sample

KEPT = timedelta(days=60)


def sample(now: datetime | None = None) -> None:
    now = now or timezone.now()
    Sample.objects.get_or_create(
        at=now.replace(second=0, microsecond=0),
        defaults={
            "pending": metrics.pending(),
            "retrying": metrics.retry_queue()["total"],
            "dead": metrics.open_letters(),
            "held": metrics.held(metrics.breakers(), metrics.queues())["total"],
        },
    )
    Sample.objects.filter(at__lt=now - KEPT).delete()
