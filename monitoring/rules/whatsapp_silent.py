"""WhatsApp says it is connected, and yet nothing comes in for much longer than usual."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import whatsapp
from monitoring.rule import Reading, rule
from monitoring.snapshot import Snapshot
from monitoring.words import number


@rule(gettext_lazy("WhatsApp em silêncio"), unit=gettext_lazy("vezes o intervalo comum"), warning=2)
def whatsapp_silent(hub: Snapshot) -> Iterator[Reading]:
    gaps = hub.whatsapp.silent_gaps
    if hub.whatsapp.connected and gaps is not None:
        yield Reading(
            gaps,
            _("Nada chega pelo WhatsApp há %s vezes o intervalo comum.") % number(round(gaps, 1)),
            whatsapp.page(),
        )
