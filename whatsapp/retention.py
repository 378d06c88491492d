"""Growth: callbacks and what people wrote are removed in small batches."""

from django.utils.translation import gettext_lazy as _

from carinho.retention import Kept
from whatsapp.models import Callback, Received

BATCH = 1000
CALLBACKS = Kept(
    "KEEP_CALLBACKS_DAYS",
    _("Avisos do Z-API, como chegaram"),
    _("a chegada"),
    lambda since: Callback.objects.filter(received_at__lt=since),
)
RECEIVED = Kept(
    "KEEP_RECEIVED_DAYS",
    _("Mensagens recebidas"),
    _("a chegada"),
    lambda since: Received.objects.filter(received_at__lt=since),
)


def prune() -> None:
    """Remove what is past its time. Our own messages go with their deliveries."""
    for kept in (CALLBACKS, RECEIVED):
        while ids := kept.ids_due(BATCH):
            kept.due.model.objects.filter(pk__in=ids).delete()
