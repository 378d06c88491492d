"""WhatsApp says it is connected, and yet nothing comes in for much longer than usual, or no receipt does."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import whatsapp
from monitoring.health import Snapshot
from monitoring.labels import number
from monitoring.models import Severity
from monitoring.rule import Reading, rule


@rule(gettext_lazy("WhatsApp em silêncio"), unit=gettext_lazy("vezes o intervalo comum"), warning=2)
def whatsapp_silent(hub: Snapshot) -> Iterator[Reading]:
    channel = hub.whatsapp
    gaps = channel.silent_gaps or 0
    says_so = channel.status == whatsapp.SILENT
    if channel.connected and (says_so or channel.silent_gaps is not None):
        sentence = _("Nada chega pelo WhatsApp há %s vezes o intervalo comum.") % number(round(gaps, 1))
        yield Reading(
            gaps,
            channel.doubt or sentence,
            whatsapp.page(),
            severity=Severity.WARNING if says_so else None,
        )
