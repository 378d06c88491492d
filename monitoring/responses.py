"""What /dashboard, /status and /alerts answer, with the guide's keys."""

from typing import Any

from events.models import CircuitBreaker
from monitoring import alerts, headline, health, metrics, runbook
from monitoring.models import Alert
from monitoring.snapshot import HubSnapshot, Measuring

NO_EVENTS = {"total": 0, "processed": 0, "failed": 0, "archived": 0}
NO_DELIVERIES = {"total": 0, "success": 0, "failed": 0}


def dashboard(hub: HubSnapshot) -> dict[str, Any]:
    """What could not be measured is named in `unmeasured`, and empty or zero in its place."""
    found, measuring = health.evaluate(hub), Measuring()
    counts, now = found.alert_counts, alerts.current(found, hub.now)
    return {
        "timestamp": hub.now,
        "status": found.status,
        "headline": headline.of(found, now.calls, hub.now),
        "working": found.worker_staleness is None,
        **runbook.dashboard(hub, found.status, counts),
        "reasons": [
            {
                "rule": violation.rule.name,
                "severity": str(violation.severity),
                "message": violation.observation.message,
                "url": violation.observation.url,
                "value": violation.observation.value,
                "limit": violation.limit,
            }
            for violation in found.reasons
        ],
        "events": {
            "pending": hub.pending,
            "today": measuring.part("events_today", lambda: metrics.events(hub.today), NO_EVENTS),
            "by_type": measuring.part("events_by_type", lambda: metrics.events_by_type(hub.today), {}),
            "by_source": measuring.part("events_by_source", lambda: runbook.by_source(hub), {}),
        },
        "queues": {
            "retry_queue": {name: hub.retry_queue[name] for name in ("total", "ready", "oldest")},
            "dead_letter": {name: hub.dead_letters[name] for name in ("total", "today", "by_cause")},
            "held": hub.held,
        },
        "deliveries": {
            "today": measuring.part("deliveries_today", lambda: metrics.deliveries(hub.today), NO_DELIVERIES)
        },
        "sync": hub.sync,
        "whatsapp": hub.whatsapp.as_json(),
        "circuit_breakers": {row.service: _breaker(row, hub.held) for row in hub.breakers},
        "alerts": counts,
        "unmeasured": sorted([*hub.unmeasured, *measuring.unmeasured]),
    }


def status(hub: HubSnapshot) -> dict[str, Any]:
    """What could not be measured is named in `unmeasured`, as by `dashboard`."""
    measuring = Measuring()
    return runbook.status(hub, measuring) | {
        "status": health.evaluate(hub).status,
        "whatsapp": hub.whatsapp.as_json(),
        "services": {row.service: _breaker(row, hub.held) for row in hub.breakers},
        "unmeasured": sorted({*hub.unmeasured, *measuring.unmeasured}),
    }


def _breaker(row: CircuitBreaker, held: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": row.state,
        "failure_count": row.failure_count,
        "held": held["by_service"].get(row.service, 0),
        "paused": row.paused_at is not None,
    }


def alert_list(hub: HubSnapshot) -> dict[str, Any]:
    """The open alerts, the worst first; `id` is null until one seen a moment ago is written."""
    found = health.evaluate(hub)
    now, counts = alerts.current(found, hub.now), found.alert_counts
    return {
        **counts,
        "warning": counts["total"] - counts["critical"],
        "alerts": [_alert(row) for row in now.open],
        "reminders": [_alert(row) for row in now.reminders],
        "settling": [_alert(row) for row in now.settling],
    }


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "id": row.pk,
        "level": row.severity,
        "type": row.rule,
        "rule": row.rule,
        "subject": row.subject,
        "severity": row.severity,
        "message": row.message,
        "since": row.opened_at,
        "acknowledged_by": row.acknowledged_by or None,
        "snoozed_until": row.snoozed_until,
        "symptoms": row.symptoms,
        "url": row.url,
    }
