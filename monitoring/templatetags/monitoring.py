"""What monitoring's templates say of rates, times and names."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone

from carinho.console import dates, labels
from events import titles
from monitoring import labels as own_labels
from monitoring import periods, report, syncs
from monitoring.checklist import STATUS_WORDS

register = template.Library()
register.filter("percent", own_labels.percent)
register.filter("system", labels.system)
register.filter("sync_title", syncs.title)
register.filter("event_type", titles.event_type)
register.filter("cause", lambda code: titles.cause(code).title)


@register.filter
def milliseconds(value: float | None) -> str:
    """`1500` as "1,5 s", `40` as "40 ms"."""
    if value is None:
        return "—"
    return f"{own_labels.number(round(value / 1000, 1))} s" if value >= 1000 else f"{round(value)} ms"


@register.simple_tag
def rows_of(model: str, field: str, span: tuple[date, date], query: str = "", value: Any = "") -> str:
    """The address of the rows of these days, first and last included, narrowed by `query` and its value."""
    return own_labels.of_days(model, field, *span, f"{query}{value}")


@register.filter
def sync_page(name: str) -> str:
    """The address of one synchronisation's page."""
    return syncs.page_of(name)


@register.simple_tag
def answers_24h() -> dict[str, dict[str, Any]]:
    """Per system, how it answered in the last 24 hours."""
    return report.by_service(periods.last_hours(timezone.now(), 24))


@register.filter
def of_system(answers: dict[str, Any] | None, name: str) -> Any:
    """One system's part of `answers_24h`; nothing on a page that did not ask."""
    return (answers or {}).get(name)


@register.filter
def when(text: str | None) -> str:
    """A moment that came as ISO 8601, as people say it."""
    return dates.moment(datetime.fromisoformat(text)) if text else "—"


@register.filter
def status_word(status: str) -> str:
    """`degraded` as "Atenção"."""
    return str(STATUS_WORDS.get(status, status))
