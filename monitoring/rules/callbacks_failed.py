"""WhatsApp callbacks that were given up, or refused from a proven sender."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, number
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Avisos do WhatsApp não lidos"), unit=gettext_lazy("avisos"), warning=0, critical=10)
def callbacks_failed(hub: HubSnapshot) -> Iterator[Observation]:
    given_up, refused = hub.whatsapp.callbacks_failed, hub.whatsapp.callbacks_refused
    sentence = _("Avisos do WhatsApp que não foram processados: %s.") % number(given_up)
    yield Observation(given_up, sentence, list_url("whatsapp_callback", "status=failed"))
    sentence = _("Avisos do WhatsApp recusados nas últimas 24 horas: %s.") % number(refused)
    yield Observation(
        refused, sentence, list_url("events_rejectedrequest", "source=whatsapp"), "refused_callbacks"
    )
