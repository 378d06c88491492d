"""A state as a coloured word; the colour says how much it asks of the reader."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.models import BreakerState, DeadLetterStatus, DeliveryStatus, EventStatus, Outcome

TONES = {
    DeadLetterStatus: {"open": "danger", "retrying": "warning", "resolved": "success"},
    DeliveryStatus: {"queued": "info", "running": "info", "done": "success", "dead": "danger"},
    EventStatus: {"pending": "info", "processing": "info", "processed": "success", "failed": "danger"},
    BreakerState: {"closed": "success", "half_open": "warning", "open": "danger"},
    Outcome: {"done": "success", "unavailable": "warning", "rejected": "danger", "broken": "danger"},
}


def of(choices: Any, value: str) -> SafeString:
    """The word for one value of a TextChoices, in its tone."""
    label = dict(choices.choices).get(value, value)
    return badge(label, TONES[choices].get(value, "neutral"))


def badge(text: Any, tone: str = "neutral", title: Any = "") -> SafeString:
    return format_html('<span class="c-badge c-{}" title="{}">{}</span>', tone, title, text)
