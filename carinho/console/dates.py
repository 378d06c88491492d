"""Moments as people say them: "há 12 min", with the exact time on hover."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

LONG_AGO = timedelta(days=30)
CENTURY = range(2000, 2100)


def moment(value: datetime | None, missing: Any = "—") -> SafeString | str:
    """The distance from now as a `<time>` that carries the exact moment; `missing` when there is none."""
    if value is None:
        return str(missing)
    local = timezone.localtime(value)
    exact = (
        f"{local:%d/%m/%Y %H:%M:%S}"  # by Django's formats each row of a list would take ten times as long
    )
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, _distance(local))


def _distance(local: datetime) -> str:
    distance = timezone.now() - local
    if abs(distance) >= LONG_AGO:
        return f"{local:%d/%m/%Y}"
    if abs(distance) < timedelta(seconds=10):
        return _("agora")
    length = duration(abs(distance))
    return _("há %s") % length if distance > timedelta() else _("em %s") % length


def clock(value: datetime) -> str:
    """The hour, with its day unless that is today: a moment that stays, however often it is read."""
    local = timezone.localtime(value)
    return date_format(local, "H:i" if local.date() == timezone.localdate() else "d/m H:i")


def duration(length: timedelta) -> str:
    """The largest unit is enough for a person: "40 s", "12 min", "5 h", "3 dias"."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return _("%d s") % seconds
    if seconds < 3600:
        return _("%d min") % (seconds // 60)
    if seconds < 86400:
        return _("%d h") % (seconds // 3600)
    days = seconds // 86400
    return _("1 dia") if days == 1 else _("%d dias") % days


def typed(text: str) -> datetime | None:
    """What a field for a day, or for a day and hour, sent, in local time and to the minute.

    None for what is no moment, and for one outside this century: days are added to it, and PostgreSQL's and
    Python's calendars do not end together.
    """
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment.year in CENTURY else None
