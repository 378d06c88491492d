"""Moments as people say them: "há 12 min", "22:35" for one to come, with the exact time on hover."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

NOW, FAR_AWAY = timedelta(seconds=10), timedelta(days=30)
CENTURY = range(2000, 2100)


def moment(value: datetime | None, missing: Any = "—") -> SafeString | str:
    """The moment as a `<time>` whose tooltip begins with the exact one; `missing` when there is none.

    One that is past is said by its distance from now, one to come by the clock, so that nothing counts down.
    """
    if value is None:
        return str(missing)
    local, distance = timezone.localtime(value), timezone.now() - value
    # by Django's formats each row of a list would take ten times as long
    said, hint = _("agora"), f"{local:%d/%m/%Y %H:%M:%S}"
    if abs(distance) >= FAR_AWAY:
        said = f"{local:%d/%m/%Y}"
    elif distance >= NOW:
        said = ago(value)
    elif distance <= -NOW:
        said, hint = clock(value), f"{hint}, {_('em %s') % duration(-distance)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), hint, said)


def ago(value: datetime) -> str:
    """ "há 12 min", for a sentence, of what is past."""
    distance = timezone.now() - value
    return _("agora") if distance < NOW else _("há %s") % duration(distance)


def since(value: datetime) -> SafeString:
    """ "desde 14:30, há 12 min": what began a moment ago and lasts is not said to last "desde agora"."""
    local, lasts = timezone.localtime(value), timezone.now() - value
    said = f"{local:%d/%m/%Y}" if lasts >= FAR_AWAY else clock(value)
    hint = f"{local:%d/%m/%Y %H:%M:%S}"
    began = format_html('<span title="{}">{}</span>', hint, _("desde %s") % said)
    return format_html("{}, {}", began, moment(value)) if NOW <= lasts < FAR_AWAY else began


def clock(value: datetime) -> str:
    """The hour, with its day unless that is today: a moment that stays, however often it is read."""
    local = timezone.localtime(value)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local:%d/%m %H:%M}"


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
