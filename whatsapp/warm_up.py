"""A limit for a number that is new on WhatsApp: how many people it writes to for the first time in a day.

What gets a number banned is writing to many strangers. Whoever wrote to us, or was written to on an earlier
day, does not count.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from events.payload import SAO_PAULO
from whatsapp import quiet_hours
from whatsapp.models import Contact, Message, Received

MORNING = 8  # where no quiet hours say when the day begins


def over_limit(contact_ids: Iterable[int], now: datetime) -> set[int]:
    """Those of these people who would be strangers too many today, in the order they are given."""
    limit = settings.WHATSAPP_DAILY_LIMIT
    if not limit:
        return set()
    wanted = list(dict.fromkeys(contact_ids))
    midnight = _midnight(now)
    under_way = _written_to(delivery__status="running") & ~Q(pk__in=wanted)
    met_today = _strangers(midnight).filter(_written_to(accepted_at__gte=midnight) | under_way)
    met = set(met_today.values_list("pk", flat=True))
    new = set(_strangers(midnight).filter(pk__in=wanted).values_list("pk", flat=True)) - met
    room = max(limit - len(met), 0)
    return set([pk for pk in wanted if pk in new][room:])


def _strangers(midnight: datetime) -> QuerySet[Contact]:
    """People who were not written to before today, and never wrote to us before we did."""
    first = Message.objects.filter(contact=OuterRef(OuterRef("pk")), accepted_at__isnull=False)
    spoke = Received.objects.filter(contact=OuterRef("pk")).filter(
        ~Exists(first.filter(accepted_at__lt=OuterRef("received_at")))
    )
    return Contact.objects.filter(~_written_to(accepted_at__lt=midnight), ~Exists(spoke))


def _written_to(**how: Any) -> Q:
    return Q(Exists(Message.objects.filter(contact=OuterRef("pk"), **how)))


def next_day(now: datetime) -> datetime:
    """When the count begins again and nobody is disturbed."""
    midnight = _midnight(now) + timedelta(days=1)
    return quiet_hours.ends_at(midnight) or midnight + timedelta(hours=MORNING)


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(SAO_PAULO).date(), time(), SAO_PAULO)
