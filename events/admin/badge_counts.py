"""What of the engine asks for attention in the sidebar."""

from django.http import HttpRequest

from carinho.console.badge_counts import counted
from events import dead_letter_counts, operations, outages


@counted
def waiting(request: HttpRequest) -> dict[str, int]:
    numbers: dict[str, int] = {}
    if request.user.has_perm("events.view_deadletter"):
        numbers["open"] = dead_letter_counts.open_now()
    if request.user.has_perm("events.view_delivery"):
        numbers["retrying"] = operations.retrying().count()
        numbers["held"] = outages.held().count()
    return numbers
