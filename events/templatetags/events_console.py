"""What templates say of the engine's states, event types and causes."""

from django import template
from django.utils.translation import gettext as _

from carinho.console import badges
from events import status_badges, titles
from events.models import BreakerState, CircuitBreaker, DeadLetterStatus, DeliveryStatus, EventStatus

register = template.Library()
STATES = {
    "breaker": BreakerState,
    "dead_letter": DeadLetterStatus,
    "delivery": DeliveryStatus,
    "event": EventStatus,
}

register.filter("event_type", titles.event_type)


@register.filter
def state(value: str, kind: str) -> str:
    return status_badges.of(STATES[kind], value)


@register.filter
def health(breaker: CircuitBreaker) -> str:
    """Whether a system takes deliveries, in a word and its colour."""
    if breaker.paused_at:
        return badges.badge(_("pausado"), "warning", "paused")
    if breaker.offline_since:
        return badges.badge(_("desconectado"), "danger", "offline")
    return state(breaker.state, "breaker")
