"""What is known of the WhatsApp channel: by its own proofs, or else by whether its calls go through."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, reverse

from events.models import CircuitBreaker


@dataclass(frozen=True)
class Channel:
    """`silent_gaps` says how many usual gaps long nothing came in, in working hours; None if not known."""

    connected: bool
    status: str
    since: datetime | None = None
    last_received_at: datetime | None = None
    silent_gaps: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "connected": self.connected,
            "status": self.status,
            "since": self.since,
            "last_received_at": self.last_received_at,
        }


def channel(now: datetime) -> Channel:
    row = _row()
    if row is None or row.connected is None:
        return _by_its_calls()
    status = "connected" if row.connected else "disconnected"
    return Channel(row.connected, status, row.changed_at, row.last_received_at, _silent_gaps(now))


def _row() -> Any:
    try:
        return apps.get_model("whatsapp", "Channel").objects.first()
    except LookupError:
        return None


def _by_its_calls() -> Channel:
    breaker = CircuitBreaker.objects.filter(service="whatsapp").first()
    is_down = breaker is not None and breaker.state == "open"
    return Channel(not is_down, "disconnected" if is_down else "connected", breaker and breaker.outage_since)


def _silent_gaps(now: datetime) -> float | None:
    return None


def page() -> str:
    """The address of the page WhatsApp, or of the system's page where there is none."""
    try:
        return reverse("admin:whatsapp_channel_changelist")
    except NoReverseMatch:
        return reverse("admin:events_circuitbreaker_change", args=["whatsapp"])
