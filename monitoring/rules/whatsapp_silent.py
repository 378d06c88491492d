"""WhatsApp says it is connected, but messages or receipts have not come for much longer than usual."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, number
from monitoring.models import Severity
from monitoring.rule import Observation, rule
from whatsapp.connection import SILENT


@rule(gettext_lazy("WhatsApp em silêncio"), unit=gettext_lazy("vezes o intervalo comum"), warning=2)
def whatsapp_silent(hub: HubSnapshot) -> Iterator[Observation]:
    channel = hub.whatsapp
    gaps = channel.silent_gaps or 0
    says_so = channel.status == SILENT
    if channel.connected and (says_so or channel.silent_gaps is not None):
        sentence = _("Nada chega pelo WhatsApp há %s vezes o intervalo comum.") % number(round(gaps, 1))
        yield Observation(
            gaps,
            channel.missing_proof or sentence,
            list_url("whatsapp_connection"),
            severity=Severity.WARNING if says_so else None,
        )
