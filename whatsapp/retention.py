"""Growth: callbacks are kept 30 days, what people wrote a year; removed in small batches."""

from datetime import timedelta

from django.utils import timezone

from whatsapp.models import Callback, Received

BATCH = 1000
CALLBACKS_LAST = timedelta(days=30)
RECEIVED_LASTS = timedelta(days=365)


def prune() -> None:
    """Remove what is past its time. Our own messages go with their deliveries."""
    while _remove(Callback, CALLBACKS_LAST) == BATCH:
        pass
    while _remove(Received, RECEIVED_LASTS) == BATCH:
        pass


def _remove(model: type[Callback] | type[Received], lasts: timedelta) -> int:
    old = model.objects.filter(received_at__lt=timezone.now() - lasts).order_by("received_at")
    ids = list(old.values_list("pk", flat=True)[:BATCH])
    model.objects.filter(pk__in=ids).delete()
    return len(ids)
