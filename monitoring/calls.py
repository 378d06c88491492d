"""Whom an alert calls and when: the levels of support, by the rule of the alert."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from carinho.console import dates, support
from carinho.console.support import Calls, SupportLevel
from monitoring.models import Alert, Severity
from monitoring.rule import Rule


def of(alert: Alert) -> dict[SupportLevel, datetime]:
    """When each level of support is called for this one, should it be critical."""
    rule = Rule.registry.get(alert.rule)
    if rule is None:  # the code no longer has it
        return support.calls(alert.opened_at)
    return support.calls(alert.opened_at, left_alone=rule.left_alone, first=rule.first_called)


def advice(alert: Alert, now: datetime) -> str:
    """What to do now about a critical one, and whom to call when; empty for one that is not."""
    if alert.severity != Severity.CRITICAL:
        return ""
    times, rule = of(alert), Rule.registry.get(alert.rule)
    said = list(now_due(times, now)) or [str(rule.meanwhile) if rule else ""]
    return " ".join([*said, *next_due(times, now)])


def now_due(calls: Calls, now: datetime) -> Iterator[str]:
    if level := support.called(calls, now):
        yield _("Chame agora: %s.") % level


def next_due(calls: Calls, now: datetime) -> Iterator[str]:
    if coming := support.called_next(calls, now):
        level, at = coming
        yield _("Se continuar às %(hour)s, chame: %(level)s.") % {"hour": dates.clock(at), "level": level}
