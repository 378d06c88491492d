"""Snapshots of invented hubs, for the rules to be evaluated on, and the death of a process."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from events.models import CircuitBreaker
from events.queues import Queue
from events.rejecting_systems import Rejection
from monitoring import heartbeats, metrics
from monitoring.metrics import WhatsAppState
from monitoring.rounds import Due
from monitoring.snapshot import HubSnapshot

NOT_READ = "Failed to list the schedules in Operação: Forbidden (answered 403)"
NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


def hub(**changes: Any) -> HubSnapshot:
    """A healthy hub, but for what is named."""
    well: dict[str, Any] = {
        "now": NOW,
        "pending": 0,
        "retry_queue": {"total": 0, "ready": 0, "oldest": None, "by_service": {}, "ready_by_service": {}},
        "dead_letters": items(0),
        "held": {"total": 0, "by_service": {}},
        "queues": {},
        "failures": (0, 100),
        "breakers": [],
        "sync": {},
        "whatsapp": WhatsAppState(True, "connected"),
        "staleness": dict.fromkeys(heartbeats.PARTS, 0.0),
        "oldest_transaction": 0.0,
        "missed_round": None,
        "failed_notifications": {},
        "failed_webhooks": {},
        "late_events": {},
    }
    return HubSnapshot(**well | changes)


def items(total: int, service: str = "crm", cause: str = "broken", **others: int) -> dict[str, Any]:
    """Open dead letters: those of one kind, and `others` of the same cause in more systems."""
    kinds = {(service, cause): total} | {(name, cause): amount for name, amount in others.items()}
    total = sum(kinds.values())
    return {
        "total": total,
        "today": total,
        "by_cause": {cause: total} if total else {},
        "by_kind": +Counter(kinds),
    }


def many_items(total: int, **others: int) -> dict[str, Any]:
    """So many open dead letters of CRM, and `others` by system: each of another person, so the most first."""
    dead_letters = items(total, cause="invalid_data", **others)
    kinds = [
        metrics.DeadLetterKind(service, cause, "O sistema não aceitou os dados", amount)
        for (service, cause), amount in dead_letters["by_kind"].items()
    ]
    kinds.sort(key=lambda kind: -(kind.people or 0))
    return {"dead_letters": dead_letters, "largest_kinds": kinds}


def retrying(total: int, service: str = "crm") -> dict[str, Any]:
    return {
        "total": total,
        "ready": 0,
        "oldest": None,
        "by_service": {service: total},
        "ready_by_service": {},
    }


def breaker(state: str, seconds: float, service: str = "crm") -> list[CircuitBreaker]:
    """In this state for so long; an outage that is being tested began a day earlier."""
    since = NOW - timedelta(seconds=seconds)
    row = CircuitBreaker(service=service, state=state, outage_since=since)
    if state == "half_open":
        row.outage_since, row.half_open_since = since - timedelta(days=1), since
    return [row]


def refusing(seconds: float, service: str = "crm") -> list[CircuitBreaker]:
    """An hour after its outage began it answered again, and has refused its probes for so long."""
    (row,) = breaker("open", seconds + 3600, service)
    row.refused_since = NOW - timedelta(seconds=seconds)
    row.last_error = "Failed to register lead in CRM: Closed for today"
    return [row]


def job(**changes: Any) -> dict[str, Any]:
    well = {"recent_failures": 0, "late": False, "level": "", "last_status": "done", "last_run": None}
    return {"sync.crm_operacao": well | {"next_run": None, "running_kind": None} | changes}


def first_run(**changes: Any) -> dict[str, Any]:
    """A job that has come to no end yet."""
    return job(last_status=None, **changes)


def waiting(seconds: float) -> dict[str, Queue]:
    return {"crm": Queue(1, 1, NOW - timedelta(seconds=seconds))}


def silent(part: str) -> Callable[[float | None], HubSnapshot]:
    return lambda seconds: hub(staleness=dict.fromkeys(heartbeats.PARTS, 0.0) | {part: seconds})


def rejecting(amount: int) -> HubSnapshot:
    """All that CRM rejected waits for a person."""
    found = Rejection("crm", NOW - timedelta(hours=1), amount, open_items=amount)
    return hub(rejecting={"crm": found}, dead_letters=items(amount, cause="invalid_data"))


def left_by_rejection(amount: int, *, is_key: bool = False) -> HubSnapshot:
    """CRM accepts again what it rejected for 20 minutes, and that is not sent again yet."""
    cause = "no_permission" if is_key else "invalid_data"
    since, kind = NOW - timedelta(hours=1), ("register_lead", cause)
    over = Rejection(
        "crm",
        since,
        amount,
        is_key,
        until=since + timedelta(minutes=20),
        open_items=amount,
        left={kind: amount},
    )
    return hub(left_by_rejections=[over], dead_letters=items(amount, cause=cause))


def rejecting_key(amount: int) -> HubSnapshot:
    """CRM rejected our key so often, and all of that waits for a person."""
    found = Rejection(
        "crm", NOW - timedelta(hours=1), amount, is_key=True, open_items=amount, steps=("register_lead",)
    )
    return hub(rejecting={"crm": found}, dead_letters=items(amount, cause="no_permission"))


def left_by_outage(amount: int) -> HubSnapshot:
    """CRM has been away for so long that these waited too long for it."""
    waited = items(amount, cause="held_too_long")
    return hub(breakers=breaker("open", 90_000), held_too_long={"crm": amount}, dead_letters=waited)


def misconfigured(seconds: float) -> HubSnapshot:
    since = NOW - timedelta(seconds=seconds)
    said = "your client-token is not configured"
    return hub(whatsapp=WhatsAppState(True, "connected", misconfigured_since=since, misconfiguration=said))


def offline(seconds: float) -> HubSnapshot:
    return hub(whatsapp=WhatsAppState(False, "disconnected", NOW - timedelta(seconds=seconds)))


def unanswered(seconds: float | None) -> HubSnapshot:
    last = None if seconds is None else NOW - timedelta(seconds=seconds)
    return hub(whatsapp=WhatsAppState(None, "unknown", check_failed=True, checked_at=last))


def late_round(minutes: float) -> HubSnapshot:
    due = Due("morning", NOW.date())
    return hub(missed_round=due, now=due.at + timedelta(minutes=minutes))


class Died(BaseException):
    """Nothing after this line runs, as when a process is killed."""


def die(_self: object) -> None:
    raise Died
