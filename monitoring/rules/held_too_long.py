"""What waited too long for a system that is away, and came to a person: part of that outage."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Esperaram demais por um sistema"),
    unit=ngettext_lazy("item", "itens", "count"),
    warning=10,
    critical=50,
    at_least=True,
    symptom_of=("circuit_breaker", "rejects_probes", "whatsapp_disconnected"),
    steps=(
        Instruction(
            gettext_lazy("Espere o sistema voltar, ou retome o que foi pausado."),
            "events_circuitbreaker_changelist",
            gettext_lazy("Ver os sistemas"),
        ),
        Instruction(
            gettext_lazy("Voltou? Reenvie os itens: o que já chegou não se repete."),
            "events_deadletter_changelist",
            gettext_lazy("Ver os itens"),
        ),
    ),
)
def held_too_long(hub: HubSnapshot) -> Iterator[Observation]:
    """While the system is away or catches up; afterwards they are items like all others."""
    for service, amount in hub.left_by_outages.items():
        said = {"system": labels.system(service), "count": number(amount)}
        yield Observation(
            amount,
            _("Esperaram demais por %(system)s e vieram para Precisa de você: %(count)s.") % said,
            list_url("events_deadletter", f"service={service}&cause=held_too_long"),
            past=_("Tinham esperado demais por %(system)s: %(count)s.") % said,
            subject=service,
            systems=(service,),
        )
