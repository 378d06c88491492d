"""The numbers of the sidebar; each is counted as the page behind it counts its rows."""

from collections.abc import Callable

from django.http import HttpRequest

Counts = Callable[[HttpRequest], dict[str, int]]
_declared: list[Counts] = []


def counted(counts: Counts) -> Counts:
    """Declare numbers of an app for the sidebar, as far as a person may see them."""
    _declared.append(counts)
    return counts


def waiting(request: HttpRequest) -> dict[str, int]:
    """What asks for attention, as far as this person may see it."""
    numbers: dict[str, int] = {}
    for counts in _declared:
        numbers |= counts(request)
    return numbers
