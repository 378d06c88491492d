"""Z-API refuses what we send because of its configuration, not because of the message."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console.support import DEVELOPMENT
from monitoring.labels import list_url, seconds
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("WhatsApp mal configurado"),
    unit="s",
    critical=0,
    at_least=True,
    first_called=DEVELOPMENT,
    steps=(
        Instruction(
            gettext_lazy("Chame o desenvolvimento: o acesso ao Z-API precisa ser corrigido."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def whatsapp_misconfigured(hub: HubSnapshot) -> Iterator[Observation]:
    if hub.whatsapp.misconfigured_since:
        age = max((hub.now - hub.whatsapp.misconfigured_since).total_seconds(), 0)
        yield Observation(
            age,
            _("O Z-API recusa as mensagens pela configuração."),
            list_url("whatsapp_connection"),
            past=_("O Z-API recusava as mensagens pela configuração."),
            shown=seconds(age),
            systems=("whatsapp",),
            technical=hub.whatsapp.misconfiguration,
        )
