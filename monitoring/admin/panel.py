"""Painel: the first page of an operator."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models import RejectedRequest
from monitoring import charts, checklist, health, metrics, periods
from monitoring.health import HubSnapshot, Unmeasured
from monitoring.labels import list_url
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
    hub, measuring, period = health.take_snapshot(), health.Measuring(), request.GET.get("period", "24h")
    part, found = measuring.part, health.evaluate(hub)
    return shared | {
        "health": found,
        "headline": HEADLINES[found.status],
        "health_icon": ICONS[found.status],
        "health_tone": checklist.TONES[found.status],
        "checks": checklist.answer(RoundKind.MORNING, hub, found),
        "taken_at": timezone.localtime(hub.now),
        "cards": part(_("números"), partial(cards, hub.strict), []),
        "systems": part(_("sistemas"), partial(systems, hub), []),
        "jobs": hub.sync,
        "syncs_page": list_url("sync_syncjob"),
        "chart": part(_("eventos por hora"), partial(charts.events_today, hub.now), None),
        "pictures": part(_("gráficos"), partial(pictures, hub, period), []),
        "period": period,
        "panel_address": reverse("admin:monitoring_alert_panel"),
        "not_shown": list(measuring.unmeasured),
    }


def pictures(hub: HubSnapshot, period: str) -> list[charts.Chart]:
    hours = 24 * 7 if period == "7d" else 24
    made = [*charts.answers(hub.now, hours), charts.depths(hub.now, hours)]
    return [*made, charts.sync_durations(hub.now)] if hub.sync else made


def cards(hub: HubSnapshot) -> list[Card]:
    """What waits or was refused: a number each, and the page with exactly these rows."""
    held = list_url("events_delivery", "queue=held")
    retrying = list_url("events_delivery", "queue=retrying")
    waiting = list_url("events_event", "status=pending")
    today = list_url("events_rejectedrequest", f"received_at_from={hub.day:%Y-%m-%d}")
    refused = RejectedRequest.objects.filter(received_at__gte=hub.today[0])
    letters = list_url("events_deadletter")
    return [
        card(_("Precisa de você"), "dead letters", lambda: hub.dead_letters["total"], letters, "pan_tool"),
        card(_("Tentando de novo"), "retry queue", lambda: hub.retry_queue["total"], retrying, "update"),
        card(_("Retidas"), "held, circuit breaker", lambda: hub.held["total"], held, "pause_circle"),
        card(_("Eventos aguardando"), "pending", lambda: hub.pending, waiting, "hourglass_top", "info"),
        card(_("Recusados hoje"), "refused webhooks", refused.count, today, "block"),
    ]


def card(
    title: Any, hint: str, count: Callable[[], int], address: str, icon: str, tone: str = "warning"
) -> Card:
    """`hint` is the technical word. A number that could not be measured is None, not zero."""
    try:
        number = count()
        shown = tone if number else "success"
    except Unmeasured:
        number, shown = None, "danger"
    return {"title": title, "hint": hint, "number": number, "address": address, "icon": icon, "tone": shown}


def systems(hub: HubSnapshot) -> list[dict[str, Any]]:
    """One row per system, those with trouble first."""
    answers = metrics.answers(periods.last_hours(hub.now, 24))
    rows = []
    for breaker in sorted(hub.breakers, key=lambda row: (not row.holds, row.service)):
        service, answered = breaker.service, answers.get(breaker.service)
        rows.append(
            {
                "breaker": breaker,
                "success": answered.success_rate if answered else None,
                "median": answered.quantile(0.5) if answered else None,
                "p95": answered.quantile(0.95) if answered else None,
                "queue": hub.queues.get(service, metrics.Queue()),
                "held": hub.held["by_service"].get(service, 0),
                "since": breaker.held_since,
                "rows": list_url("events_delivery", f"queue=queued&service={service}"),
                "held_rows": list_url("events_delivery", f"queue=held&service={service}"),
            }
        )
    return rows
