"""The numbers of the sidebar; each counts the rows of the page behind it, and those it leads to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

Counts = Callable[[HttpRequest], dict[str, int]]
_declared: list[Counts] = []
ACTED, KEPT_SECONDS = "console.acted", 60  # longer than any number is shared


def counted(counts: Counts) -> Counts:
    """Declare numbers of an app for the sidebar, as far as a person may see them; a page counts them once."""

    @wraps(counts)
    def once(request: HttpRequest) -> dict[str, int]:
        known: dict[Counts, dict[str, int]] = request.__dict__.setdefault("badge_counts", {})
        if once not in known:
            known[once] = counts(request)
        return known[once]

    _declared.append(once)
    return once


_measured: list[Counts] = []


def measured(numbers: Counts) -> Counts:
    """Declare numbers of the sidebar that some pages measure anyway, as far as this page does."""
    _measured.append(numbers)
    return numbers


def number(request: HttpRequest, name: str, count: Callable[[], int]) -> int:
    """The sidebar's number of this name as the page has measured it, counted only where none has."""
    for numbers in _measured:
        if name in (found := numbers(request)):
            return found[name]
    return count()


@dataclass(frozen=True)
class Elsewhere:
    """Rows of another page that wait for a person as the dead letters do."""

    sentence: str
    address: str
    count: int


_also_waiting: list[Callable[[HttpRequest], Elsewhere | None]] = []


def also_waiting(
    find: Callable[[HttpRequest], Elsewhere | None],
) -> Callable[[HttpRequest], Elsewhere | None]:
    """Declare rows of another app that "Precisa de você" leads to, as far as a person may see them."""
    _also_waiting.append(find)
    return find


def elsewhere(request: HttpRequest) -> list[Elsewhere]:
    """What waits for a person on other pages."""
    return [found for find in _also_waiting if (found := find(request)) and found.count]


def waiting(request: HttpRequest) -> dict[str, int]:
    """What asks for attention, as far as this person may see it."""
    numbers: dict[str, int] = {}
    for counts in _declared:
        numbers |= counts(request)
    return numbers


def acted() -> None:
    """Somebody did something on a page: what was measured before is out of date."""
    cache.set(ACTED, timezone.now(), KEPT_SECONDS)


def share(key: str, measured_at: datetime, numbers: dict[str, int], seconds: int) -> None:
    """Offer these to other pages for so long, unless somebody acts meanwhile."""
    cache.set(key, (measured_at, numbers), seconds)


def shared(key: str) -> dict[str, int] | None:
    """What was shared, unless somebody has acted since it was measured."""
    known: dict[str, Any] = cache.get_many([key, ACTED])
    measured_at, numbers = known.get(key, (None, None))
    acted_at = known.get(ACTED)
    return numbers if measured_at and not (acted_at and acted_at >= measured_at) else None
