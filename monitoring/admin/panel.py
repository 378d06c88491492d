"""Painel: the first page of an operator."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from carinho.console.labels import number
from events import outages
from events.admin import failure_group, merged_cards, outage, rejected_request, system
from events.queues import Queue
from monitoring import alerts, calls, charts, checklist, headline, health, metrics, periods, report, snapshot
from monitoring.health import HubHealth
from monitoring.labels import list_url
from monitoring.models import RoundKind
from monitoring.snapshot import HubSnapshot, Unmeasured

MOST_GROUPS = 8  # on the Painel
AMONG_NUMBERS = {"rejected_requests", "owed_calls"}  # the checks that the second row of cards shows


def context(request: HttpRequest, shared: dict[str, Any]) -> dict[str, Any]:
    """All that the Painel shows, unless this person may see nothing yet."""
    if not request.user.has_perm("events.view_event"):
        return shared
    (hub, found), measuring = health.of_page(request), snapshot.Measuring()
    part, period = measuring.part, request.GET.get("period", "24h")
    now = alerts.current(found, hub.now)
    groups = part(_("falhas"), partial(open_groups, request), [])
    morning = checklist.answer(RoundKind.MORNING, hub, found)
    return shared | {
        **headline.context(found, now, hub.now),
        "checks": [check for check in morning if check.name not in AMONG_NUMBERS],
        "taken_at": timezone.localtime(hub.now),
        "cards": part(_("números"), partial(cards, hub.strict, found), []),
        "groups": groups[:MOST_GROUPS],
        "groups_left": max(0, len(groups) - MOST_GROUPS),
        "items_left": sum(card.figures.open for card in groups[MOST_GROUPS:]),
        "groups_page": list_url("events_deadletter"),
        "rejected": rejected_request.oldest(request) if hub.rejected_requests else None,
        "systems": part(_("sistemas"), partial(systems, hub), []),
        "ended": part(_("quedas"), partial(outages_of_today, hub), []),
        "jobs": hub.sync,
        "syncs_page": list_url("sync_syncjob"),
        "chart": part(_("eventos por hora"), partial(charts.events_today, hub.now), None),
        "pictures": part(_("gráficos"), partial(pictures, hub, period), []),
        "period": period,
        "not_shown": list(measuring.unmeasured),
    }


def open_groups(request: HttpRequest) -> list[failure_group.Card]:
    """What waits for a decision, each with the button that helps."""
    if not request.user.has_perm("events.view_deadletter"):
        return []
    return [card for card in merged_cards.of(request) if card.figures.open]


def outages_of_today(hub: HubSnapshot) -> list[dict[str, Any]]:
    return outage.ended(outages.ended_between(*hub.today))


def pictures(hub: HubSnapshot, period: str) -> list[charts.Chart]:
    hours = 24 * 7 if period == "7d" else 24
    made = [*charts.answers(hub.now, hours), charts.depths(hub.now, hours)]
    return [*made, charts.sync_durations(hub.now)] if hub.sync else made


class Figure(NamedTuple):
    """A number of the Painel: how it is counted, where its rows are, and the rules that colour it."""

    title: Any
    hint: str
    count: Callable[[Any], int]
    table: str
    query: str
    icon: str
    rules: tuple[str, ...] = ()
    note: Callable[[Any], str] | None = None


def ready_now(hub: HubSnapshot) -> str:
    """Of what is tried again, what goes now; what is due and held is in the number of those, too."""
    ready = Counter(hub.retry_queue["ready_by_service"])
    try:
        among_held = sum(ready.pop(service, 0) for service in hub.held["by_service"])
    except Unmeasured:  # how many are tried again is known all the same
        return ""
    notes = (
        (ready.total(), ngettext("%s pronta agora", "%s prontas agora", ready.total())),
        (among_held, ngettext("%s também retida", "%s também retidas", among_held)),
    )
    return ", ".join(words % number(count) for count, words in notes if count)


FIGURES = (
    Figure(
        _("Tentando de novo"),
        "retry queue",
        lambda hub: hub.retry_queue["total"],
        "events_delivery",
        "queue=retrying",
        "update",
        ("retry_queue",),
        ready_now,
    ),
    Figure(
        _("Entregas retidas"),
        "held, circuit breaker",
        lambda hub: hub.held["total"],
        "events_delivery",
        "queue=held",
        "pause_circle",
        ("circuit_breaker", "rejects_probes", "whatsapp_disconnected"),
    ),
    Figure(
        _("Eventos aguardando"),
        "pending",
        lambda hub: hub.pending,
        "events_event",
        "status=pending",
        "hourglass_top",
        ("events_pending",),
    ),
    Figure(
        _("Recusados que esperam"),
        "rejected requests",
        lambda hub: hub.rejected_requests,
        "events_rejectedrequest",
        "state=waiting",
        "block",
    ),
    Figure(
        _("Ligações a fazer"),
        "corrected phones",
        lambda hub: hub.owed_calls,
        "events_correction",
        "call=owed",
        "phone_forwarded",
    ),
)


def cards(hub: HubSnapshot, found: HubHealth) -> list[dict[str, Any]]:
    """What waits: a number each, and the page with exactly these rows."""
    shown = []
    for figure in FIGURES:
        try:
            amount, tone = figure.count(hub), found.worst(figure.rules)
            note = figure.note(hub) if figure.note else ""
        except Unmeasured:  # no number, which is not zero
            amount, note, tone = None, "", health.WATCH
        shown.append(
            {
                "title": figure.title,
                "hint": figure.hint,
                "number": amount,
                "note": note,
                "address": list_url(figure.table, figure.query),
                "icon": figure.icon,
                "tone": health.NEUTRAL if tone == health.GOOD and amount else tone,
            }
        )
    return shown


def systems(hub: HubSnapshot) -> list[dict[str, Any]]:
    """One row per system, those with trouble first."""
    answers = metrics.answers(periods.last_hours(hub.now, 24))
    rows = []
    in_trouble = {row.service for row in hub.breakers if row.holds} | hub.rejecting.keys()
    for breaker in sorted(hub.breakers, key=lambda row: (row.service not in in_trouble, row.service)):
        service, answered = breaker.service, answers.get(breaker.service)
        rows.append(
            {
                "breaker": breaker,
                "rejection": hub.rejecting.get(service),
                "success": answered.success_rate if answered else None,
                "median": answered.quantile(0.5) if answered else None,
                "p95": answered.quantile(0.95) if answered else None,
                "queue": hub.queues.get(service, Queue()),
                "held": hub.held["by_service"].get(service, 0),
                "since": breaker.held_since,
                "drain": hub.draining(service),
                "rows": list_url("events_delivery", f"queue=queued&service={service}"),
                "held_rows": list_url("events_delivery", f"queue=held&service={service}"),
            }
        )
    return rows


def answers(_request: HttpRequest) -> dict[str, SafeString]:
    """Per system, how it answered in the last 24 hours: what its card says on the events' pages."""
    answered = report.by_service(periods.last_hours(timezone.now(), 24))
    return {
        name: render_to_string("admin/monitoring/answers.html", {"answered": figures})
        for name, figures in answered.items()
    }


def outage_advice(_request: HttpRequest) -> dict[str, SafeString]:
    """Per system that takes nothing, what the verdict and the alert say of it: what to do, whom to call."""
    now, fact = timezone.now(), "<div><dt>{}</dt><dd>{}</dd></div>"
    rows = alerts.open_alerts().filter(rule__in=("circuit_breaker", "rejects_probes"))
    said = {alert.subject: calls.advice(alert, now) for alert in rows}
    return {name: format_html(fact, _("O que fazer"), text) for name, text in said.items() if text}


system.card_facts += (outage_advice, answers)
