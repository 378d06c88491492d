"""What the card of a system says of its answers, on the events' pages."""

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from events.admin import system
from monitoring import periods, report


def answers() -> dict[str, SafeString]:
    """Per system, how it answered in the last 24 hours."""
    answered = report.by_service(periods.last_hours(timezone.now(), 24))
    return {
        name: render_to_string("admin/monitoring/answers.html", {"answered": figures})
        for name, figures in answered.items()
    }


system.card_facts.append(answers)
