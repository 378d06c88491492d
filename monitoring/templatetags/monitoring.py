"""What monitoring's templates say of rates, times and names."""

from datetime import datetime
from typing import Any

from django import template

from events.console import moments
from events.console import words as names
from monitoring import words
from monitoring.checklist import STATUS_WORDS

register = template.Library()
register.filter("percent", words.percent)
register.filter("system", names.system)
register.filter("event_type", names.event_type)
register.filter("cause", lambda code: names.cause(code).title)


@register.filter
def milliseconds(value: float | None) -> str:
    """`1500` as "1,5 s", `40` as "40 ms"."""
    if value is None:
        return "—"
    return f"{words.number(round(value / 1000, 1))} s" if value >= 1000 else f"{round(value)} ms"


@register.filter
def item(values: dict[str, Any], key: str) -> Any:
    return values.get(key)


@register.filter
def when(text: str | None) -> str:
    """A moment that came as ISO 8601, as people say it."""
    return moments.moment(datetime.fromisoformat(text)) if text else "—"


@register.filter
def status_word(status: str) -> str:
    """`degraded` as "Atenção"."""
    return str(STATUS_WORDS.get(status, status))
