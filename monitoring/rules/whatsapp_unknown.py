"""Z-API does not answer, so whether WhatsApp is connected is not known."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, seconds
from monitoring.models import Severity
from monitoring.rule import Observation, rule
from whatsapp.connection import UNKNOWN


@rule(
    gettext_lazy("WhatsApp: situação desconhecida"),
    unit="s",
    warning=60,
    symptom_of=("worker_silent", "beat_silent", "scheduler_silent"),
)
def whatsapp_unknown(hub: HubSnapshot) -> Iterator[Observation]:
    if hub.whatsapp.status == UNKNOWN and hub.whatsapp.check_failed:
        last = hub.whatsapp.checked_at
        age = max((hub.now - last).total_seconds(), 0) if last else 0
        since = _("há %s") % seconds(age) if last else _("desde sempre")
        yield Observation(
            age,
            _("Não sabemos se o WhatsApp está conectado: o Z-API não responde %s.") % since,
            list_url("whatsapp_connection"),
            shown=since,
            severity=None if last else Severity.WARNING,
        )
