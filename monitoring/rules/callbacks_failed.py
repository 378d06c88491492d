"""What WhatsApp told us and nobody has read: callbacks that were given up, or refused at the door."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import Snapshot
from monitoring.labels import list_of, number
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Avisos do WhatsApp não lidos"), unit=gettext_lazy("avisos"), warning=0, critical=10)
def callbacks_failed(hub: Snapshot) -> Iterator[Reading]:
    given_up, refused = hub.whatsapp.callbacks_failed, hub.whatsapp.callbacks_refused
    sentence = _("Avisos do WhatsApp que não foram processados: %s.") % number(given_up)
    yield Reading(given_up, sentence, list_of("whatsapp_callback", "status=failed"))
    sentence = _("Avisos do WhatsApp recusados nas últimas 24 horas: %s.") % number(refused)
    yield Reading(refused, sentence, list_of("events_refusal", "source=whatsapp"), "refused_callbacks")
