"""What /dashboard, /status and /alerts say, with the guide's keys."""

from datetime import datetime
from typing import Any

from events.models import CircuitBreaker
from monitoring import alerts, metrics, verdict
from monitoring.health import Measuring, Snapshot
from monitoring.models import Alert, Severity

NO_EVENTS = {"total": 0, "processed": 0, "failed": 0, "archived": 0}
NO_DELIVERIES = {"total": 0, "success": 0, "failed": 0}


def dashboard(hub: Snapshot) -> dict[str, Any]:
    """What could not be measured is named in `unmeasured`, and empty or zero where it belongs."""
    found, measuring = verdict.of(verdict.findings(hub)), Measuring()
    return {
        "timestamp": hub.now,
        "status": found.status,
        "reasons": found.as_json(),
        "events": {
            "pending": hub.pending,
            "today": measuring.part("events_today", lambda: metrics.events(hub.today), NO_EVENTS),
            "by_type": measuring.part("events_by_type", lambda: metrics.events_by_type(hub.today), {}),
        },
        "queues": {
            "retry_queue": {name: hub.retry_queue[name] for name in ("total", "ready", "oldest")},
            "dead_letter": hub.dead_letters,
            "held": hub.held,
        },
        "deliveries": {
            "today": measuring.part("deliveries_today", lambda: metrics.deliveries(hub.today), NO_DELIVERIES)
        },
        "sync": hub.sync,
        "whatsapp": hub.whatsapp.as_json(),
        "circuit_breakers": {row.service: breaker(row, hub.held) for row in hub.breakers},
        "alerts": alert_counts(),
        "unmeasured": sorted([*hub.unmeasured, *measuring.unmeasured]),
    }


def status(hub: Snapshot) -> dict[str, Any]:
    return {
        "status": verdict.of(verdict.findings(hub)).status,
        "whatsapp": hub.whatsapp.as_json(),
        "services": {row.service: breaker(row, hub.held) for row in hub.breakers},
    }


def breaker(row: CircuitBreaker, held: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": row.state,
        "failure_count": row.failure_count,
        "held": held["by_service"].get(row.service, 0),
        "paused": row.paused_at is not None,
    }


def alert_counts() -> dict[str, int]:
    severities = list(alerts.open_alerts().values_list("severity", flat=True))
    return {"total": len(severities), "critical": severities.count(Severity.CRITICAL)}


def alert_list() -> dict[str, Any]:
    rows = alerts.open_alerts().order_by("-severity", "opened_at")
    shown = sorted(rows, key=lambda row: row.severity != Severity.CRITICAL)
    return {"total": len(shown), "alerts": [_alert(row) for row in shown]}


def _alert(row: Alert) -> dict[str, Any]:
    since: datetime = row.opened_at
    return {
        "id": row.pk,
        "rule": row.rule,
        "subject": row.subject,
        "severity": row.severity,
        "message": row.message,
        "since": since,
        "acknowledged_by": row.acknowledged_by or None,
        "snoozed_until": row.snoozed_until,
        "symptoms": row.symptoms,
        "url": row.url,
    }
