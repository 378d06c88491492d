"""Mistakes in limits and rules, found at start instead of by an alert that never comes."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from monitoring.models import Severity
from monitoring.rule import all_rules


@register()
def every_limit_belongs_to_a_rule(**_: Any) -> list[CheckMessage]:
    known = {rule.setting(severity) for rule in all_rules() for severity in Severity}
    return [
        Error(f"{name} is the limit of no rule; manage.py alerts lists them.", id="monitoring.E001")
        for name in sorted(set(settings.ALERT_LIMITS) - known)
    ]


@register()
def every_symptom_has_a_cause(**_: Any) -> list[CheckMessage]:
    names = {rule.name for rule in all_rules()}
    return [
        Error(f"{rule.name} is a symptom of {cause}, which is no rule.", id="monitoring.E002")
        for rule in all_rules()
        for cause in rule.symptom_of
        if cause not in names
    ]
