"""What the operators' runbook reads beside the hub's own keys, with the names of the hub before this one."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.utils import timezone

from carinho.health import broker
from events import dead_letter_counts, statistics
from events.models import Event, Measure
from events.queues import queue_by_system
from monitoring import metrics, periods
from monitoring.snapshot import HubSnapshot, Measuring
from sync.models import RunStatus, SyncRun
from sync.models.run import FAILED_STATUSES

QUEUE_NAMES = ("integrations-high", "integrations", "notifications", "integrations-low", "integrations-retry")


def dashboard(hub: HubSnapshot, status: str, alerts: Mapping[str, int]) -> dict[str, Any]:
    """The status and what it rests on, in words that a script can match."""
    return {
        "health": {
            "status": status,
            "critical_alerts": alerts["critical"],
            "warning_alerts": alerts["total"] - alerts["critical"],
        },
        "dependencies": {
            "database": "ok",
            "broker": "ok" if broker.answers() else "unavailable",
            "whatsapp": hub.whatsapp.status,
        },
    }


def by_source(hub: HubSnapshot) -> dict[str, int]:
    sums = statistics.sums(Measure.EVENT, *hub.today, ["service"], without=[statistics.RECEIPTS])
    return {source: amount for (source,), amount in sorted(sums.items())}


def status(hub: HubSnapshot, measuring: Measuring) -> dict[str, Any]:
    part = measuring.part
    today = part("events_today", lambda: metrics.events(hub.today), {"processed": 0, "failed": 0})
    return {
        "timestamp": hub.now,
        "events": {
            "pending": hub.pending,
            "today_processed": today["processed"],
            "today_failed": today["failed"],
        },
        "retry_queue": {name: hub.retry_queue[name] for name in ("total", "ready")},
        "dead_letter": part("dead_letters", dead_letters, {"total": 0, "last_24h": 0, "last_7d": 0}),
        "sync_jobs": part("sync", sync_jobs, {}),
        "circuit_breakers": {row.service: {"state": row.state} for row in hub.breakers},
    }


def dead_letters() -> dict[str, int]:
    """Open items: all, and those of the last day and week."""
    now = timezone.now()
    day, week = dead_letter_counts.since(now - timedelta(hours=24), now - timedelta(days=7))
    return {"total": dead_letter_counts.open_now(), "last_24h": day["open"], "last_7d": week["open"]}


def sync_jobs() -> dict[str, int]:
    """Today's runs by status; none is queued, because a run begins at once."""
    since, _until = periods.of_days(timezone.localdate())
    today = list(SyncRun.objects.filter(started_at__gte=since).values_list("status", flat=True))
    return {
        "queued": 0,
        "running": SyncRun.objects.filter(status=RunStatus.RUNNING).count(),
        "completed_today": today.count(RunStatus.DONE),
        "failed_today": sum(today.count(each) for each in FAILED_STATUSES),
    }


def event_numbers() -> dict[str, Any]:
    today = metrics.events(periods.of_days(timezone.localdate()))
    return {
        "pending_events": Event.objects.filter(status="pending").count(),
        "retry_queue": metrics.retry_queue()["total"],
        "dead_letter": dead_letters()["total"],
        "today": {name: today[name] for name in ("processed", "failed")},
    }


def detailed_health() -> dict[str, Any]:
    """Whether all is "ok" or something "degraded", and each check by its old name."""
    checks = {"database": _database(), "redis": _broker(), "queues": _queues()}
    is_well = all(check["status"] == "ok" for check in checks.values())
    return {
        "status": "ok" if is_well else "degraded",
        "timestamp": timezone.localtime().isoformat(),
        "checks": checks,
    }


def _database() -> dict[str, Any]:
    clock = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return {"status": "unavailable", "latency_ms": None}
    return {"status": "ok", "latency_ms": round((time.monotonic() - clock) * 1000, 2)}


def _broker() -> dict[str, Any]:
    clock, answers = time.monotonic(), broker.answers()
    latency = round((time.monotonic() - clock) * 1000, 2)
    return {"status": "ok" if answers else "unavailable", "latency_ms": latency if answers else None}


def _queues() -> dict[str, Any]:
    """Deliveries that are due, under the queues' old names; what waits for another try is `…-retry`."""
    retrying, due = metrics.retry_queue()["total"], queue_by_system()
    people = due["whatsapp"].due if "whatsapp" in due else 0
    others = sum(queue.due for service, queue in due.items() if service != "whatsapp")
    sizes = dict(zip(QUEUE_NAMES, (0, others, people, sync_jobs()["running"], retrying), strict=True))
    return {"status": "ok", "sizes": sizes, "total": sum(sizes.values())}
