"""Addresses and numbers as people read them."""

from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format

from carinho.console import dates


def list_of(model: str, query: str = "") -> str:
    """The address of a list of the console: `events_event`, filtered by `query`."""
    address = reverse(f"admin:{model}_changelist")
    return f"{address}?{query}" if query else address


def failed_since(moment: datetime) -> str:
    """The events that arrived since this hour and failed."""
    return list_of(
        "events_event", f"status=failed&received_at_from={timezone.localtime(moment):%Y-%m-%dT%H:%M}"
    )


def of_days(model: str, field: str, first: date, last: date, query: str = "") -> str:
    """The rows of whole days, both ends included."""
    days = f"{field}_from={first:%Y-%m-%d}&{field}_to={last:%Y-%m-%d}"
    return list_of(model, f"{days}&{query}" if query else days)


def seconds(value: float) -> str:
    """`90` as "1 min"."""
    return dates.duration(timedelta(seconds=value))


def percent(value: float | None) -> str:
    return "—" if value is None else f"{number_format(round(value, 1), 1)} %"


def rate(part: int, whole: int) -> float | None:
    """Percent with two decimals; None of nothing."""
    return round(100 * part / whole, 2) if whole else None


def number(value: Any) -> str:
    return number_format(value, 0 if float(value).is_integer() else 1, force_grouping=True)
