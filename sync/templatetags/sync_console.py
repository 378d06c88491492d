"""What the console's templates say of jobs, runs and their rows."""

from django import template
from django.utils.safestring import SafeString

from carinho.console import badges
from sync import labels
from sync.models import DifferenceKind, FailureStatus, RunKind, RunStatus

register = template.Library()
register.filter("job", labels.job)
register.filter("author", labels.author)
register.filter("sentence", labels.sentence)
register.filter("why", labels.why)
register.filter("fields_in_words", labels.fields)
register.filter("failed_record", labels.failed_record)

TONES = {
    "running": "info",
    "done": "success",
    "incomplete": "warning",
    "failed": "danger",
    "cancelled": "neutral",
    "stuck": "danger",
    "open": "danger",
    "resolved": "success",
    "gone": "neutral",
}


@register.filter
def run_state(status: str) -> SafeString:
    return badges.badge(dict(RunStatus.choices).get(status, status), TONES.get(status, "neutral"))


@register.filter
def failure_state(status: str) -> SafeString:
    return badges.badge(dict(FailureStatus.choices).get(status, status), TONES.get(status, "neutral"))


@register.filter
def run_kind(kind: str) -> str:
    return str(dict(RunKind.choices).get(kind, kind))


@register.filter
def difference(kind: str) -> str:
    return str(dict(DifferenceKind.choices).get(kind, kind))
