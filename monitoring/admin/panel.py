"""Painel: what an operator sees first."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models import CircuitBreaker, Refusal
from monitoring import charts, checklist, days, metrics, snapshot, syncs, verdict
from monitoring.models import RoundKind
from monitoring.snapshot import Snapshot
from monitoring.words import list_of

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
    hub = snapshot.take()
    found = verdict.of(verdict.findings(hub))
    return shared | {
        "verdict": found,
        "headline": HEADLINES[found.status],
        "verdict_icon": ICONS[found.status],
        "verdict_tone": checklist.TONES[found.status],
        "checks": checklist.of(RoundKind.MORNING, hub, found),
        "cards": cards(hub),
        "systems": systems(hub),
        "jobs": hub.sync,
        "syncs_page": syncs.page(),
        "chart": charts.events_today(hub.now),
        "pictures": pictures(hub, request.GET.get("period", "")),
        "period": request.GET.get("period", "24h"),
        "panel_address": reverse("admin:monitoring_alert_panel"),
        "taken_at": timezone.localtime(hub.now),
    }


def pictures(hub: Snapshot, period: str) -> list[charts.Chart]:
    made = [*charts.answers(hub.now, 24 * 7 if period == "7d" else 24), charts.depths(hub.now)]
    return [*made, charts.sync_durations(hub.now)] if hub.sync else made


def cards(hub: Snapshot) -> list[dict[str, Any]]:
    """A number each, what it counts, and the page with exactly these rows."""
    today = f"{hub.day:%Y-%m-%d}"
    refused = Refusal.objects.filter(received_at__gte=hub.today[0]).count()
    retrying, held = hub.retry_queue["total"], hub.held["total"]
    return [
        card(
            _("Precisa de você"),
            hub.dead_letters["total"],
            list_of("events_deadletter"),
            "pan_tool",
            "danger",
        ),
        card(
            _("Tentando de novo"), retrying, list_of("events_delivery", "queue=retrying"), "update", "warning"
        ),
        card(_("Retidas"), held, list_of("events_delivery", "queue=held"), "pause_circle", "warning"),
        card(
            _("Eventos aguardando"),
            hub.pending,
            list_of("events_event", "status=pending"),
            "hourglass_top",
            "info",
        ),
        card(
            _("Recusados hoje"),
            refused,
            list_of("events_refusal", f"received_at_from={today}"),
            "block",
            "warning",
        ),
    ]


def card(title: Any, amount: int, address: str, icon: str, tone: str) -> dict[str, Any]:
    tone = tone if amount else "success"
    return {"title": title, "number": amount, "address": address, "icon": icon, "tone": tone}


def since(row: CircuitBreaker) -> datetime | None:
    """From when on this system's deliveries wait."""
    began = [moment for moment in (row.outage_since, row.paused_at) if moment]
    return min(began, default=None)


def systems(hub: Snapshot) -> list[dict[str, Any]]:
    """One row per system, those with trouble first."""
    answers = metrics.answers(days.last_hours(hub.now, 24))
    held = hub.held["by_service"]
    rows = [
        {
            "breaker": row,
            "success": answers[row.service].success_rate if row.service in answers else None,
            "median": quantile(answers.get(row.service), 0.5),
            "p95": quantile(answers.get(row.service), 0.95),
            "queue": hub.queues.get(row.service, metrics.Queue()),
            "held": held.get(row.service, 0),
            "since": since(row),
            "rows": list_of("events_delivery", f"service={row.service}&status=queued"),
            "held_rows": list_of("events_delivery", f"queue=held&service={row.service}"),
        }
        for row in hub.breakers
    ]
    return sorted(rows, key=lambda row: (not row["breaker"].holds, row["breaker"].service))


def quantile(answers: metrics.Answers | None, share: float) -> float | None:
    return answers.quantile(share) if answers else None
