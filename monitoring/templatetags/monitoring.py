"""Numbers, names and addresses in monitoring's templates."""

from datetime import date, datetime
from typing import Any

from django import template

from carinho.console import dates
from carinho.console import labels as names
from events import titles
from monitoring import health, labels, runbook_page
from sync import labels as sync_labels

register = template.Library()
ICONS = {"success": "check_circle", "info": "info", "warning": "warning", "danger": "error"}
WEEKDAYS = ("seg", "ter", "qua", "qui", "sex", "sáb", "dom")

register.filter("number", names.number)
register.filter("percent", labels.percent)
register.filter("milliseconds", labels.milliseconds)
register.filter("system", names.system)
register.filter("event_type", titles.event_type)
register.filter("sync_title", sync_labels.job)


register.filter("sync_url", labels.url_of_job)
register.filter("runbook", runbook_page.address_of)


@register.filter
def status_label(status: str) -> str:
    return str(health.LABELS.get(status, status))


@register.filter
def status_tone(status: str) -> str:
    return health.TONES.get(status, health.NEUTRAL)


@register.filter
def tone_icon(tone: str) -> str:
    return ICONS.get(tone, "info")


@register.filter
def weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()]


@register.filter
def when(text: str | None) -> str:
    """A moment in ISO 8601, as people say it."""
    return dates.moment(datetime.fromisoformat(text)) if text else "—"


@register.simple_tag
def rows_url(model: str, field: str, days: tuple[date, date], query: str = "", value: Any = "") -> str:
    """The rows of these days, first and last included, narrowed by `query` and its value."""
    return labels.url_of_days(model, field, *days, f"{query}{value}")
