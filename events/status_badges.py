"""The states of the engine's rows as coloured words."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from carinho.console.badges import badge
from events.models import (
    Attempt,
    CircuitBreaker,
    DeadLetterStatus,
    DeliveryStatus,
    EventStatus,
    Outcome,
    SystemState,
)
from events.rejecting_systems import Rejection

TONES = {
    DeadLetterStatus: {"open": "danger", "retrying": "warning", "resolved": "success"},
    DeliveryStatus: {"queued": "info", "running": "info", "done": "success", "dead": "danger"},
    EventStatus: {"pending": "info", "processing": "info", "processed": "success", "failed": "danger"},
    SystemState: {
        "closed": "success",
        "half_open": "warning",
        "open": "danger",
        "rejecting": "danger",
        "rejecting_key": "danger",
        "offline": "danger",
        "paused": "warning",
    },
    Outcome: {"done": "success", "unavailable": "warning", "rejected": "danger", "broken": "danger"},
}


def of(choices: Any, value: str) -> SafeString:
    label = dict(choices.choices).get(value, value)
    return badge(label, TONES[choices].get(value, "neutral"))


def attempt(row: Attempt) -> SafeString:
    """How an attempt ended: a system that answered with an error of its own did answer."""
    if row.outcome == Outcome.UNAVAILABLE and row.status_code:
        return badge(_("respondeu com erro %d") % row.status_code, TONES[Outcome][row.outcome])
    return of(Outcome, row.outcome)


def system(breaker: CircuitBreaker | None, rejection: Rejection | None) -> SafeString:
    """Whether a system takes deliveries; one that nobody has called yet is normal."""
    state = breaker.system_state if breaker else SystemState.NORMAL
    title = state.value
    if rejection and state in (SystemState.NORMAL, SystemState.REJECTING):
        state = SystemState.REJECTING_KEY if rejection.is_key else SystemState.REJECTING
        title = rejection.sentence
    tone = TONES[SystemState][state]
    if breaker and breaker.paused_at and state != SystemState.PAUSED:
        return badge(f"{state.label}, {SystemState.PAUSED.label}", tone, title)
    return badge(state.label, tone, title)
