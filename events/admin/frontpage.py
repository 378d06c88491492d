"""The numbers of the sidebar; each is counted as the page behind it counts its rows."""

from django.http import HttpRequest

from events import outages, retry_queue
from events.models import DeadLetter, DeadLetterStatus


def waiting(request: HttpRequest) -> dict[str, int]:
    """What asks for attention, as far as this person may see it."""
    numbers = {}
    if request.user.has_perm("events.view_deadletter"):
        numbers["open"] = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).count()
    if request.user.has_perm("events.view_delivery"):
        numbers["retrying"] = retry_queue.retrying().count()
        numbers["held"] = outages.held().count()
    return numbers
