"""A system that answers and rejects every delivery: it is the system, and not the data."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from events.rejecting_systems import ENOUGH
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Sistema que recusa tudo"),
    unit=ngettext_lazy("recusa seguida", "recusas seguidas", "count"),
    warning=ENOUGH,
    critical=20,
    at_least=True,
    symptom_of=("circuit_breaker", "rejects_probes", "whatsapp_misconfigured"),
    steps=(
        Instruction(
            gettext_lazy("É o sistema, não os dados: não corrija nem arquive os itens."),
            "events_deadletter_changelist",
            gettext_lazy("Ver os itens"),
        ),
        Instruction(
            gettext_lazy("Chame quem cuida do sistema."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
        Instruction(
            gettext_lazy("Disseram que voltou? Use “Tentar com 1 item”; se for aceito, reenvie os outros."),
            "events_circuitbreaker_changelist",
            gettext_lazy("Ver os sistemas"),
        ),
    ),
)
def rejects_everything(hub: HubSnapshot) -> Iterator[Observation]:
    """It ends with the first delivery that is accepted, or after a day without another rejection."""
    for service, rejection in hub.rejecting.items():
        if rejection.is_key:
            continue
        said = {"system": labels.system(service), "rejected": number(rejection.rejected)}
        yield Observation(
            rejection.rejected,
            rejection.sentence,
            list_url("events_deadletter", f"service={service}"),
            past=_("%(system)s recusou tudo o que recebia (%(rejected)s entregas).") % said,
            subject=service,
            systems=(service,),
        )
