"""What may be sent to whom and when: opt-out, quiet hours, and a limit of new people a day.

How urgent a message is, its step says: `category=`, one of `messages.Category`. Alerts to the shift are not
asked about here: they go at any hour (`monitoring/notifications.py`).

What gets a number banned is writing to many strangers, so a number that is new on WhatsApp counts how many
people it writes to for the first time in a day. Whoever wrote to us, or was written to on an earlier day,
does not count.
"""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from carinho.local_time import SAO_PAULO
from carinho.services.errors import Rejected
from events.engine.lane_hooks import StepOutcome
from events.models import SkipCause
from whatsapp.messages import Category
from whatsapp.models import Contact, Received, SentMessage
from whatsapp.zapi import DOING, WhatsApp

HOURS = re.compile(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*")
MORNING = 8  # where no quiet hours say when the day begins


def decide(
    category: Category, contact: Contact, *, useful_until: datetime | None, is_over_limit: bool, now: datetime
) -> StepOutcome | None:
    """Why this message is not sent now, if it is not.

    What would spoil by the morning does not wait for it. One new person too many waits for the next day;
    where that is too late a person decides, and an urgent message goes all the same.
    """
    if contact.opted_out_at is not None and category.can_be_refused:
        return StepOutcome(skip_cause=SkipCause.UNWANTED)
    morning = quiet_until(now) if category.waits_for_morning else None
    if morning and (useful_until is None or morning < useful_until):
        return StepOutcome(not_before=morning)
    if not is_over_limit or category is Category.URGENT:
        return None
    tomorrow = next_day(now)
    if useful_until is None or tomorrow < useful_until:
        return StepOutcome(not_before=tomorrow)
    detail = "Over the daily limit of new people, and of no use tomorrow"
    return StepOutcome(error=Rejected(detail, cause="daily_limit", doing=DOING, system=WhatsApp.title))


# --- quiet hours ----------------------------------------------------------------------------------


def quiet_hours() -> tuple[int, int] | None:
    """First and last hour of `WHATSAPP_QUIET_HOURS`, such as (21, 8); None when there are none.

    Raises ValueError for what is no span of hours.
    """
    given = settings.WHATSAPP_QUIET_HOURS
    if not given:
        return None
    hours = HOURS.fullmatch(given)
    if not hours or max(int(hours[1]), int(hours[2])) > 23:
        raise ValueError(_("WHATSAPP_QUIET_HOURS é “%s”; escreva como 21-8.") % given)
    first, last = int(hours[1]), int(hours[2])
    return None if first == last else (first, last)


def quiet_until(now: datetime) -> datetime | None:
    """When the quiet hours that contain this moment are over; None outside of them."""
    hours = quiet_hours()
    local = now.astimezone(SAO_PAULO)
    if hours is None:
        return None
    first, last = hours
    is_quiet = first <= local.hour < last if first < last else local.hour >= first or local.hour < last
    if not is_quiet:
        return None
    morning = datetime.combine(local.date(), time(last), SAO_PAULO)
    return morning if morning > local else morning + timedelta(days=1)


# --- new people a day -----------------------------------------------------------------------------


def over_limit(people: Sequence[Contact], now: datetime) -> list[bool]:
    """Of each of these people, whether it would be one stranger too many today, in the order they are given.

    A contact that is not stored yet is a stranger.
    """
    limit = settings.WHATSAPP_DAILY_LIMIT
    if not limit:
        return [False] * len(people)
    wanted = {contact.pk for contact in people if contact.pk}
    midnight = _midnight(now)
    under_way = _written_to(delivery__status="running") & ~Q(pk__in=wanted)
    met_today = _strangers(midnight).filter(_written_to(accepted_at__gte=midnight) | under_way)
    met = set(met_today.values_list("pk", flat=True))
    new = set(_strangers(midnight).filter(pk__in=wanted).values_list("pk", flat=True)) - met
    room = max(limit - len(met), 0)
    strangers = [contact.lid or contact.key for contact in people if contact.pk is None or contact.pk in new]
    admitted = set(list(dict.fromkeys(strangers))[:room])
    return [
        (contact.pk is None or contact.pk in new) and (contact.lid or contact.key) not in admitted
        for contact in people
    ]


def _strangers(midnight: datetime) -> QuerySet[Contact]:
    """People who were not written to before today, and never wrote to us before we did."""
    first = SentMessage.objects.filter(contact=OuterRef(OuterRef("pk")))
    spoke = Received.objects.filter(contact=OuterRef("pk")).filter(
        ~Exists(first.filter(accepted_at__lt=OuterRef("received_at")))
    )
    return Contact.objects.filter(~_written_to(accepted_at__lt=midnight), ~Exists(spoke))


def _written_to(**how: Any) -> Q:
    return Q(Exists(SentMessage.objects.filter(contact=OuterRef("pk"), **how)))


def next_day(now: datetime) -> datetime:
    """The start of the next day's count, moved out of the quiet hours."""
    midnight = _midnight(now) + timedelta(days=1)
    return quiet_until(midnight) or midnight + timedelta(hours=MORNING)


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(SAO_PAULO).date(), time(), SAO_PAULO)
