"""WhatsApp lost its session."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import whatsapp
from monitoring.health import Snapshot
from monitoring.labels import seconds
from monitoring.rule import Reading, rule


@rule(gettext_lazy("WhatsApp desconectado"), unit="s", warning=0, critical=900, at_least=True)
def whatsapp_disconnected(hub: Snapshot) -> Iterator[Reading]:
    if hub.whatsapp.status == whatsapp.DISCONNECTED:
        age = max((hub.now - (hub.whatsapp.since or hub.now)).total_seconds(), 0)
        yield Reading(
            age, _("O WhatsApp está desconectado há %s.") % seconds(age), whatsapp.page(), shown=seconds(age)
        )
