"""Z-API does not answer, so whether WhatsApp is connected is not known."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.labels import list_url, seconds
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from whatsapp.connection import UNKNOWN


@rule(
    gettext_lazy("WhatsApp: situação desconhecida"),
    unit="s",
    warning=60,
    symptom_of=("worker_silent", "beat_silent", "scheduler_silent"),
    steps=(
        Instruction(
            gettext_lazy("Veja se o celular da empresa tem internet e se o painel do Z-API abre."),
            "whatsapp_connection_changelist",
            gettext_lazy("Abrir o WhatsApp"),
        ),
    ),
)
def whatsapp_unknown(hub: HubSnapshot) -> Iterator[Observation]:
    if hub.whatsapp.status == UNKNOWN and hub.whatsapp.check_failed:
        last = hub.whatsapp.checked_at
        age = max((hub.now - last).total_seconds(), 0) if last else 0
        sentence = (
            _("Não sabemos se o WhatsApp está conectado: o Z-API não responde há %s.") % seconds(age)
            if last
            else _("Não sabemos se o WhatsApp está conectado: o Z-API ainda não respondeu nenhuma vez.")
        )
        yield Observation(
            age,
            sentence,
            list_url("whatsapp_connection"),
            past=_("Por um tempo o Z-API não respondeu, e não sabíamos se o WhatsApp estava conectado."),
            shown=seconds(age) if last else _("sem resposta"),
            severity=None if last else Severity.WARNING,
            systems=("whatsapp",),
        )
