"""Addresses and numbers as people read them."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.formats import number_format

from events.console import moments


def list_of(model: str, query: str = "") -> str:
    """The address of a list of the console: `events_event`, filtered by `query`."""
    address = reverse(f"admin:{model}_changelist")
    return f"{address}?{query}" if query else address


def seconds(value: float) -> str:
    """`90` as "1 min"."""
    return moments.duration(timedelta(seconds=value))


def percent(value: float | None) -> str:
    return "—" if value is None else f"{number_format(round(value, 1), 1)} %"


def rate(part: int, whole: int) -> float | None:
    """Percent with two decimals; None of nothing."""
    return round(100 * part / whole, 2) if whole else None


def number(value: Any) -> str:
    return number_format(value, 0 if float(value).is_integer() else 1, force_grouping=True)
