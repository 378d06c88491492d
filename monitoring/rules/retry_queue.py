"""Deliveries that failed and are retried: the limits are for all, the reasons are the systems."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot, Unmeasured


@rule(
    gettext_lazy("Tentando de novo"),
    unit=ngettext_lazy("entrega", "entregas", "count"),
    warning=50,
    critical=200,
    symptom_of=("circuit_breaker", "rejects_probes", "whatsapp_disconnected"),
    steps=(
        Instruction(
            gettext_lazy("Veja se o sistema está funcionando."),
            "events_circuitbreaker_changelist",
            gettext_lazy("Ver os sistemas"),
        ),
        Instruction(
            gettext_lazy("Se voltou agora, tente de novo já; senão, espere: elas saem sozinhas."),
            "events_delivery_changelist",
            gettext_lazy("Ver a fila"),
            "queue=retrying",
        ),
    ),
)
def retry_queue(hub: HubSnapshot) -> Iterator[Observation]:
    """The systems that are away first, then the largest, until what is left is within the limits."""
    try:
        away = {breaker.service for breaker in hub.breakers if breaker.holds}
    except Unmeasured:  # how many there are is known all the same
        away = set()
    left = hub.retry_queue["total"]
    amounts = hub.retry_queue["by_service"].items()
    for service, amount in sorted(amounts, key=lambda pair: (pair[0] not in away, -pair[1], pair[0])):
        said = {"amount": number(amount), "system": labels.system(service)}
        yield Observation(
            left,
            _("Entregas para %(system)s tentando de novo: %(amount)s.") % said,
            list_url("events_delivery", f"queue=retrying&service={service}"),
            past=_("Entregas demais para %(system)s tentavam de novo: %(amount)s.") % said,
            subject=service,
            systems=(service,),
        )
        left -= amount
