"""The numbers of the sidebar; each counts the rows of the page behind it, and those it leads to."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from carinho.console.badge_counts import counted
from events import outages, retry_queue
from events.models import DeadLetter, DeadLetterStatus


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
    numbers: dict[str, int] = {}
    if request.user.has_perm("events.view_deadletter"):
        others = sum(found.count for found in elsewhere(request))
        numbers["open"] = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).count() + others
    if request.user.has_perm("events.view_delivery"):
        numbers["retrying"] = retry_queue.retrying().count()
        numbers["held"] = outages.held().count()
    return numbers
