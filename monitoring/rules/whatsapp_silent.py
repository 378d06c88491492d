"""WhatsApp says it is connected, but messages or receipts have not come for much longer than usual."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from whatsapp.connection import SILENT


@rule(
    gettext_lazy("WhatsApp em silêncio"),
    unit=ngettext_lazy("vez o intervalo comum", "vezes o intervalo comum", "count"),
    warning=2,
    steps=(
        Instruction(
            gettext_lazy("Mande uma mensagem de outro celular para o número da empresa e veja se ela chega."),
            "whatsapp_connection_changelist",
            gettext_lazy("Abrir o WhatsApp"),
        ),
    ),
)
def whatsapp_silent(hub: HubSnapshot) -> Iterator[Observation]:
    channel = hub.whatsapp
    gaps = channel.silent_gaps or 0
    says_so = channel.status == SILENT
    if channel.connected and (says_so or channel.silent_gaps is not None):
        sentence = _("Nada chega pelo WhatsApp há %s vezes o intervalo comum.") % number(round(gaps, 1))
        yield Observation(
            gaps,
            channel.missing_signal or sentence,
            list_url("whatsapp_connection"),
            past=_("O WhatsApp ficou em silêncio por mais tempo que o comum."),
            shown=_("em silêncio") if says_so else "",
            severity=Severity.WARNING if says_so else None,
            systems=("whatsapp",),
        )
