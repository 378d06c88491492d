"""A system that rejects our key: no data is wrong, and an administrator has to look at the key."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from events.engine.failure_causes import NO_PERMISSION
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Sistema que não aceita a nossa chave"),
    unit=ngettext_lazy("entrega recusada", "entregas recusadas", "count"),
    warning=1,
    critical=20,
    at_least=True,
    symptom_of=("circuit_breaker", "rejects_probes", "whatsapp_misconfigured"),
    steps=(
        Instruction(
            gettext_lazy("É a chave, não os dados: não corrija nem arquive os itens."),
            "events_deadletter_changelist",
            gettext_lazy("Ver os itens"),
            f"cause={NO_PERMISSION}",
        ),
        Instruction(
            gettext_lazy("Peça a um administrador para conferir a chave do sistema."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
        Instruction(
            gettext_lazy(
                "A chave foi trocada? Use “Conferir a chave com 1 item”. Se ele passar, a falha oferece "
                "Reenviar para os outros."
            ),
            "events_deadletter_changelist",
            gettext_lazy("Ver as falhas"),
        ),
    ),
)
def rejects_key(hub: HubSnapshot) -> Iterator[Observation]:
    """The first rejected call is enough, and one that is accepted ends it."""
    for service, rejection in hub.rejecting.items():
        if not rejection.is_key:
            continue
        said = {"system": labels.system(service), "rejected": number(rejection.rejected)}
        yield Observation(
            rejection.rejected,
            rejection.sentence,
            list_url("events_deadletter", f"service={service}&cause={NO_PERMISSION}"),
            past=_("%(system)s não aceitava a nossa chave (%(rejected)s entregas).") % said,
            subject=service,
            systems=(service,),
        )
