"""Snapshots of a hub that never was, to hold the rules against."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from events.models import CircuitBreaker
from monitoring import metrics
from monitoring.health import Snapshot
from monitoring.rounds import Due
from monitoring.whatsapp import Channel

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


def hub(**changes: Any) -> Snapshot:
    """A healthy hub, but for what is named."""
    well: dict[str, Any] = {
        "now": NOW,
        "pending": 0,
        "retry_queue": {"total": 0, "ready": 0, "oldest": None, "by_service": {}},
        "dead_letters": {"total": 0, "today": 0, "by_cause": {}},
        "held": {"total": 0, "by_service": {}},
        "queues": {},
        "failures": (0, 100),
        "breakers": [],
        "sync": {},
        "whatsapp": Channel(True, "connected"),
        "silence": {"worker": 0.0, "beat": 0.0, "scheduler": 0.0},
        "oldest_transaction": 0.0,
        "missed_round": None,
        "failed_notifications": {},
    }
    return Snapshot(**well | changes)


def retrying(total: int, service: str = "crm") -> dict[str, Any]:
    return {"total": total, "ready": 0, "oldest": None, "by_service": {service: total}}


def breaker(state: str, seconds: float, service: str = "crm") -> list[CircuitBreaker]:
    """In this state for so long; an outage that is being tested began a day earlier."""
    since = NOW - timedelta(seconds=seconds)
    row = CircuitBreaker(service=service, state=state, outage_since=since)
    if state == "half_open":
        row.outage_since, row.half_open_since = since - timedelta(days=1), since
    return [row]


def job(**changes: Any) -> dict[str, Any]:
    well = {"recent_failures": 0, "late": False, "level": "", "last_status": "done", "last_run": None}
    return {"sync.crm_operacao": well | {"next_run": None} | changes}


def waiting(seconds: float) -> dict[str, metrics.Queue]:
    return {"crm": metrics.Queue(1, 1, NOW - timedelta(seconds=seconds))}


def silent(part: str) -> Callable[[float | None], Snapshot]:
    well = {"worker": 0.0, "beat": 0.0, "scheduler": 0.0}
    return lambda seconds: hub(silence=well | {part: seconds})


def misconfigured(seconds: float) -> Snapshot:
    since = NOW - timedelta(seconds=seconds)
    said = "your client-token is not configured"
    return hub(whatsapp=Channel(True, "connected", misconfigured_since=since, misconfiguration=said))


def offline(seconds: float) -> Snapshot:
    return hub(whatsapp=Channel(False, "disconnected", NOW - timedelta(seconds=seconds)))


def unanswered(seconds: float | None) -> Snapshot:
    last = None if seconds is None else NOW - timedelta(seconds=seconds)
    return hub(whatsapp=Channel(None, "unknown", asked_in_vain=True, answered_at=last))


def late_round(minutes: float) -> Snapshot:
    due = Due("morning", NOW.date())
    return hub(missed_round=due, now=due.at + timedelta(minutes=minutes))
