"""How long a part of the hub has said nothing, as a reading."""

from django.urls import reverse
from django.utils.translation import gettext as _

from monitoring.labels import seconds
from monitoring.rule import Reading

NEVER_SEEN = 86400.0  # a part that never showed itself counts as silent for a day


def reading(silent: float | None, subject: str) -> Reading:
    said = _("desde sempre") if silent is None else _("há %s") % seconds(silent)
    value = NEVER_SEEN if silent is None else silent
    return Reading(value, f"{subject} {said}.", reverse("admin:monitoring_alert_changelist"), shown=said)
