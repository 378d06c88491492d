"""What is known of the WhatsApp channel: by its own proofs, or else by whether its calls go through."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.urls import NoReverseMatch, reverse

from events.models import CircuitBreaker, Refusal

SILENT, DISCONNECTED, UNKNOWN = "silent", "disconnected", "unknown"


@dataclass(frozen=True)
class Channel:
    """Whether it is connected, or None while nobody knows: that is neither good news nor bad.

    `silent_gaps` says how many usual gaps long nothing came in, in working hours; None if not known.
    """

    connected: bool | None
    status: str
    since: datetime | None = None
    asked_in_vain: bool = False  # Z-API was asked, and did not answer
    answered_at: datetime | None = None  # the last time it did
    silent_gaps: float | None = None
    doubt: str = ""  # which proof of life is missing, as a sentence
    proofs: list[dict[str, Any]] = field(default_factory=list)
    misconfigured_since: datetime | None = None
    misconfiguration: str = ""  # what Z-API said
    callbacks_failed: int = 0
    callbacks_refused: int = 0  # from a proven sender, in the last 24 hours, and not accepted since

    def as_json(self) -> dict[str, Any]:
        return {
            "connected": self.connected,
            "status": self.status,
            "since": self.since,
            "proofs": self.proofs,
        }


NOT_KNOWN = Channel(None, UNKNOWN)


def channel(now: datetime) -> Channel:
    if find_spec("whatsapp.connection") is None:
        return _by_its_calls()
    return _by_its_proofs(import_module("whatsapp.connection"), now)


def _by_its_proofs(proving: Any, now: datetime) -> Channel:
    found, row = proving.verdict(now), import_module("whatsapp.models").Channel.load()
    is_known = found.status != UNKNOWN
    doubts = [proof.sentence for proof in found.proofs if proof.is_good is False]
    return Channel(
        found.connected if is_known else None,
        found.status,
        found.since,
        asked_in_vain=row.check_failed_at is not None,
        answered_at=row.checked_at,
        silent_gaps=_silent_gaps(found, now),
        doubt=doubts[0] if doubts else "",
        proofs=found.as_json()["proofs"],
        misconfigured_since=row.misconfigured_at,
        misconfiguration=row.misconfiguration,
        callbacks_failed=import_module("whatsapp.callbacks.inbox").given_up().count(),
        callbacks_refused=_refused(now),
    )


def _refused(now: datetime) -> int:
    recent = Refusal.objects.filter(received_at__gt=now - timedelta(hours=24))
    return recent.filter(source="whatsapp", is_proven=True, accepted_by="").count()


def _silent_gaps(found: Any, now: datetime) -> float | None:
    last = next((proof.at for proof in found.proofs if proof.name == "received"), None)
    return (now - last) / found.usual_gap if found.usual_gap and last else None


def _by_its_calls() -> Channel:
    breaker = CircuitBreaker.objects.filter(service="whatsapp").first()
    is_down = breaker is not None and breaker.state == "open"
    since = breaker.outage_since if breaker else None
    return Channel(not is_down, DISCONNECTED if is_down else "connected", since)


def page() -> str:
    """The address of the page WhatsApp, or of the system's page where there is none."""
    try:
        return reverse("admin:whatsapp_channel_changelist")
    except NoReverseMatch:
        return reverse("admin:events_circuitbreaker_change", args=["whatsapp"])
