"""Locking messages as moves do: a delivery first, then the message beside it."""

from django.db.models import QuerySet

from events.engine import transitions
from whatsapp.models import SentMessage


def locked(messages: QuerySet[SentMessage]) -> QuerySet[SentMessage]:
    """Of these messages the ones that are there now, for update, the oldest first; their deliveries too.

    What moves a delivery writes its message after it, so who holds the message's row and then moves the
    delivery would meet it in a deadlock.
    """
    deliveries = list(messages.order_by().values_list("delivery_id", flat=True))
    transitions.lock(deliveries)
    return messages.filter(delivery__in=deliveries).select_for_update(of=("self",)).order_by("pk")
