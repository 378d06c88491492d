"""What templates say of the engine's states, event types and causes."""

from django import template

from events import status_badges, titles
from events.models import CircuitBreaker, DeadLetterStatus, DeliveryStatus, EventStatus
from events.rejecting_systems import Rejection

register = template.Library()
STATES = {
    "dead_letter": DeadLetterStatus,
    "delivery": DeliveryStatus,
    "event": EventStatus,
}

register.filter("event_type", titles.event_type)


@register.filter
def state(value: str, kind: str) -> str:
    return status_badges.of(STATES[kind], value)


@register.filter
def health(breaker: CircuitBreaker, rejection: Rejection | None) -> str:
    """Whether a system takes deliveries, in a word and its colour."""
    return status_badges.system(breaker, rejection)
