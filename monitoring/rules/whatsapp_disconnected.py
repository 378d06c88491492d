"""WhatsApp lost its session."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, seconds
from monitoring.rule import Observation, rule
from whatsapp.connection import DISCONNECTED


@rule(gettext_lazy("WhatsApp desconectado"), unit="s", warning=0, critical=900, at_least=True)
def whatsapp_disconnected(hub: HubSnapshot) -> Iterator[Observation]:
    if hub.whatsapp.status == DISCONNECTED:
        age = max((hub.now - (hub.whatsapp.since or hub.now)).total_seconds(), 0)
        sentence = _("O WhatsApp está desconectado há %s.") % seconds(age)
        yield Observation(age, sentence, list_url("whatsapp_connection"), shown=seconds(age))
