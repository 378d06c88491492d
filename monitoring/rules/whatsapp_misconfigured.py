"""Z-API refuses what we send because of how it is set up, not because of the message."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import whatsapp
from monitoring.health import Snapshot
from monitoring.labels import seconds
from monitoring.rule import Reading, rule


@rule(gettext_lazy("WhatsApp mal configurado"), unit="s", warning=None, critical=0, at_least=True)
def whatsapp_misconfigured(hub: Snapshot) -> Iterator[Reading]:
    if hub.whatsapp.misconfigured_since:
        age = max((hub.now - hub.whatsapp.misconfigured_since).total_seconds(), 0)
        said = hub.whatsapp.misconfiguration.rstrip(".")
        sentence = _("O Z-API recusa as mensagens pela configuração: %s.") % said
        yield Reading(age, sentence, whatsapp.page(), shown=seconds(age))
