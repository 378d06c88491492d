"""Nobody knows whether WhatsApp is connected, because Z-API does not answer when it is asked."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import whatsapp
from monitoring.health import Snapshot
from monitoring.labels import seconds
from monitoring.models import Severity
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("WhatsApp: situação desconhecida"),
    unit="s",
    warning=60,
    symptom_of=("worker_silent", "beat_silent", "scheduler_silent"),
)
def whatsapp_unknown(hub: Snapshot) -> Iterator[Reading]:
    if hub.whatsapp.status == whatsapp.UNKNOWN and hub.whatsapp.asked_in_vain:
        last = hub.whatsapp.answered_at
        age = max((hub.now - last).total_seconds(), 0) if last else 0
        since = _("há %s") % seconds(age) if last else _("desde sempre")
        yield Reading(
            age,
            _("Não sabemos se o WhatsApp está conectado: o Z-API não responde %s.") % since,
            whatsapp.page(),
            shown=since,
            severity=None if last else Severity.WARNING,
        )
