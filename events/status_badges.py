"""The states of the engine's rows as coloured words."""

from typing import Any

from django.utils.safestring import SafeString

from carinho.console.badges import badge
from events.models import BreakerState, DeadLetterStatus, DeliveryStatus, EventStatus, Outcome

TONES = {
    DeadLetterStatus: {"open": "danger", "retrying": "warning", "resolved": "success"},
    DeliveryStatus: {"queued": "info", "running": "info", "done": "success", "dead": "danger"},
    EventStatus: {"pending": "info", "processing": "info", "processed": "success", "failed": "danger"},
    BreakerState: {"closed": "success", "half_open": "warning", "open": "danger"},
    Outcome: {"done": "success", "unavailable": "warning", "rejected": "danger", "broken": "danger"},
}


def of(choices: Any, value: str) -> SafeString:
    label = dict(choices.choices).get(value, value)
    return badge(label, TONES[choices].get(value, "neutral"))
