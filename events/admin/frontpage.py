"""The numbers of the front page and the sidebar; each is counted as the page behind it counts its rows."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import outages, retry_queue
from events.admin.base import list_of
from events.models import DeadLetter, DeadLetterStatus, Delivery, Event, EventStatus, Refusal

Card = dict[str, Any]


def waiting(request: HttpRequest) -> dict[str, int]:
    """What asks for attention, as far as this person may see it."""
    numbers = {}
    if request.user.has_perm("events.view_deadletter"):
        numbers["open"] = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).count()
    if request.user.has_perm("events.view_delivery"):
        numbers["retrying"] = retry_queue.retrying().count()
        numbers["held"] = outages.held().count()
    return numbers


def numbers(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The cards of the index page: a number, what it counts, and the page with exactly these rows."""
    if request.user.has_perm("events.view_event"):
        context["cards"] = [*_asking(waiting(request)), *_arriving()]
        context["systems"] = outages.current()
    return context


def _asking(now: dict[str, int]) -> list[Card]:
    """What asks for attention."""
    held = _("held: o sistema está fora do ar ou pausado")
    return [
        _card(
            *(_("Precisa de você"), now.get("open", 0), list_of(DeadLetter), "pan_tool"),
            *("danger", _("dead letters")),
        ),
        _card(
            *(_("Tentando de novo"), now.get("retrying", 0), list_of(Delivery, "queue=retrying"), "update"),
            *("warning", _("retry queue")),
        ),
        _card(
            *(_("Retidas"), now.get("held", 0), list_of(Delivery, "queue=held"), "pause_circle"),
            *("warning", held),
        ),
    ]


def _arriving() -> list[Card]:
    """What came in and is not through, or was not let in."""
    pending = Event.objects.filter(status=EventStatus.PENDING).count()
    refused = Refusal.objects.filter(received_at__gte=_midnight()).count()
    today = f"received_at_from={timezone.localdate():%Y-%m-%d}"
    return [
        _card(
            *(_("Eventos aguardando"), pending, list_of(Event, "status=pending"), "hourglass_top"),
            *("info", ""),
        ),
        _card(
            *(_("Recusados hoje"), refused, list_of(Refusal, today), "block"),
            *("warning", _("webhooks recusados")),
        ),
    ]


def _card(title: Any, number: int, address: str, icon: str, tone: str, hint: Any) -> Card:
    return {
        "title": title,
        "number": number,
        "address": address,
        "icon": icon,
        "tone": tone if number else "success",
        "hint": hint,
    }


def _midnight() -> Any:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
