"""The numbers of the sidebar; each is counted as the page behind it counts its rows."""

from collections.abc import Callable

from django.http import HttpRequest

from events import outages, retry_queue
from events.models import DeadLetter, DeadLetterStatus

Counts = Callable[[HttpRequest], dict[str, int]]
_others: list[Counts] = []


def counted(counts: Counts) -> Counts:
    """Declare numbers of another app for the sidebar, as far as a person may see them."""
    _others.append(counts)
    return counts


def waiting(request: HttpRequest) -> dict[str, int]:
    """What asks for attention, as far as this person may see it."""
    numbers: dict[str, int] = {}
    if request.user.has_perm("events.view_deadletter"):
        numbers["open"] = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).count()
    if request.user.has_perm("events.view_delivery"):
        numbers["retrying"] = retry_queue.retrying().count()
        numbers["held"] = outages.held().count()
    for counts in _others:
        numbers |= counts(request)
    return numbers
