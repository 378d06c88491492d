"""Time ranges of events, found by their ids: no list reads a growing table from end to end."""

from datetime import datetime

from django.db.models import QuerySet

from events.models import Event

NEWEST = 200_000  # ids that are searched where no index serves what was asked
OUT_OF_STEP = 2_000  # how far ids may differ from the order in which events were received

Events = QuerySet[Event]


def received_since(events: Events, moment: datetime) -> Events:
    """Those received at this moment or later, found by their ids."""
    lowest = lowest_id(moment)
    return events.none() if lowest is None else events.filter(pk__gte=lowest, received_at__gte=moment)


def received_before(events: Events, moment: datetime) -> Events:
    """Those received before this moment, found by their ids."""
    highest = highest_id(moment)
    return events.none() if highest is None else events.filter(pk__lte=highest, received_at__lt=moment)


def newest(events: Events, before: datetime | None) -> Events:
    """No more than the newest 200,000 rows: of all, or of those received before that moment."""
    last = _last_before(before) if before else _id(Event.objects.order_by("-pk"))
    return events.filter(pk__gt=(last or 0) - NEWEST)


def lowest_id(since: datetime) -> int | None:
    """No event that was received then or later has a lower one; None where there is no such event."""
    first = _id(Event.objects.filter(received_at__gte=since).order_by("received_at"))
    return None if first is None else first - OUT_OF_STEP


def highest_id(before: datetime) -> int | None:
    """No event that was received before has a higher one; None where there is no such event."""
    last = _last_before(before)
    return None if last is None else last + OUT_OF_STEP


def _last_before(moment: datetime) -> int | None:
    return _id(Event.objects.filter(received_at__lt=moment).order_by("-received_at"))


def _id(events: Events) -> int | None:
    return events.values_list("pk", flat=True).first()
