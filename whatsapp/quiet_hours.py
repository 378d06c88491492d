"""The hours in which nobody is disturbed by what can wait."""

import re
from datetime import datetime, time, timedelta

from django.conf import settings

from events.payload import SAO_PAULO

SPAN = re.compile(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*")


def hours() -> tuple[int, int] | None:
    """First and last hour of `WHATSAPP_QUIET_HOURS`, such as (21, 8); None when there are none.

    Raises ValueError for what is no span of hours.
    """
    given = settings.WHATSAPP_QUIET_HOURS
    if not given:
        return None
    span = SPAN.fullmatch(given)
    if not span or max(int(span[1]), int(span[2])) > 23:
        raise ValueError(f"WHATSAPP_QUIET_HOURS is {given!r}; it should be like 21-8.")
    first, last = int(span[1]), int(span[2])
    return None if first == last else (first, last)


def ends_at(now: datetime) -> datetime | None:
    """When the quiet hours that contain this moment are over; None outside of them."""
    span = hours()
    local = now.astimezone(SAO_PAULO)
    if span is None or not _is_inside(local.hour, *span):
        return None
    morning = datetime.combine(local.date(), time(span[1]), SAO_PAULO)
    return morning if morning > local else morning + timedelta(days=1)


def _is_inside(hour: int, first: int, last: int) -> bool:
    return first <= hour < last if first < last else hour >= first or hour < last
