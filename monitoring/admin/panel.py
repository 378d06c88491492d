"""Painel: what an operator sees first."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models import CircuitBreaker, Refusal
from monitoring import charts, checklist, health, metrics, periods, syncs, verdict
from monitoring.health import Snapshot, Unmeasured
from monitoring.labels import list_of
from monitoring.models import RoundKind

Card = dict[str, Any]

HEADLINES = {
    "healthy": _("Tudo funcionando. Pode seguir o dia."),
    "degraded": _("Atenção: há o que ver, mas o hub trabalha."),
    "critical": _("Crítico: acione o suporte e comece pelo primeiro motivo."),
}
ICONS = {"healthy": "check_circle", "degraded": "warning", "critical": "error"}


def context(request: HttpRequest, shared: dict[str, Any]) -> dict[str, Any]:
    """All that the Painel shows, unless this person may see nothing yet."""
    if not request.user.has_perm("events.view_event"):
        return shared
    hub, measuring, period = health.take(), health.Measuring(), request.GET.get("period", "24h")
    part = measuring.part
    return shared | {
        **_verdict(hub),
        "cards": part(_("números"), partial(cards, hub.strict), []),
        "systems": part(_("sistemas"), partial(systems, hub), []),
        "jobs": hub.sync,
        "syncs_page": syncs.page(),
        "chart": part(_("eventos por hora"), partial(charts.events_today, hub.now), None),
        "pictures": part(_("gráficos"), partial(pictures, hub, period), []),
        "period": period,
        "panel_address": reverse("admin:monitoring_alert_panel"),
        "not_shown": list(measuring.unmeasured),
    }


def _verdict(hub: Snapshot) -> dict[str, Any]:
    found = verdict.of(verdict.findings(hub))
    return {
        "verdict": found,
        "headline": HEADLINES[found.status],
        "verdict_icon": ICONS[found.status],
        "verdict_tone": checklist.TONES[found.status],
        "checks": checklist.of(RoundKind.MORNING, hub, found),
        "taken_at": timezone.localtime(hub.now),
    }


def pictures(hub: Snapshot, period: str) -> list[charts.Chart]:
    hours = 24 * 7 if period == "7d" else 24
    made = [*charts.answers(hub.now, hours), charts.depths(hub.now, hours)]
    return [*made, charts.sync_durations(hub.now)] if hub.sync else made


def cards(hub: Snapshot) -> list[Card]:
    """What waits or was not let in: a number each, and the page with exactly these rows."""
    held, retrying = deliveries("queue=held"), deliveries("queue=retrying")
    waiting = list_of("events_event", "status=pending")
    today = list_of("events_refusal", f"received_at_from={hub.day:%Y-%m-%d}")
    refused = Refusal.objects.filter(received_at__gte=hub.today[0])
    letters = list_of("events_deadletter")
    return [
        card(_("Precisa de você"), "dead letters", lambda: hub.dead_letters["total"], letters, "pan_tool"),
        card(_("Tentando de novo"), "retry queue", lambda: hub.retry_queue["total"], retrying, "update"),
        card(_("Retidas"), "held, circuit breaker", lambda: hub.held["total"], held, "pause_circle"),
        card(_("Eventos aguardando"), "pending", lambda: hub.pending, waiting, "hourglass_top", "info"),
        card(_("Recusados hoje"), "refused webhooks", refused.count, today, "block"),
    ]


def deliveries(query: str) -> str:
    return list_of("events_delivery", query)


def card(
    title: Any, hint: str, count: Callable[[], int], address: str, icon: str, tone: str = "warning"
) -> Card:
    """`hint` is the technical word. What could not be counted is no nought."""
    try:
        number = count()
        shown = tone if number else "success"
    except Unmeasured:
        number, shown = None, "danger"
    return {"title": title, "hint": hint, "number": number, "address": address, "icon": icon, "tone": shown}


def systems(hub: Snapshot) -> list[dict[str, Any]]:
    """One row per system, those with trouble first."""
    answers = metrics.answers(periods.last_hours(hub.now, 24))
    rows = [_system(row, hub, answers.get(row.service)) for row in hub.breakers]
    return sorted(rows, key=lambda row: (not row["breaker"].holds, row["breaker"].service))


def _system(row: CircuitBreaker, hub: Snapshot, answers: metrics.Answers | None) -> dict[str, Any]:
    return {
        "breaker": row,
        "success": answers.success_rate if answers else None,
        "median": answers.quantile(0.5) if answers else None,
        "p95": answers.quantile(0.95) if answers else None,
        "queue": hub.queues.get(row.service, metrics.Queue()),
        "held": hub.held["by_service"].get(row.service, 0),
        "since": row.held_since,
        "rows": deliveries(f"queue=queued&service={row.service}"),
        "held_rows": deliveries(f"queue=held&service={row.service}"),
    }
