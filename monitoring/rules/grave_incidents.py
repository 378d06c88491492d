"""A caregiver did not come, or behaved badly: somebody of Operação has to call the family."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Ocorrências graves"),
    unit=ngettext_lazy("ocorrência", "ocorrências", "count"),
    warning=1,
    at_least=True,
    steps=(
        Instruction(gettext_lazy("Abra o evento, veja qual foi o atendimento e ligue para a família.")),
        Instruction(
            gettext_lazy("A família ficou sem cuidador? Chame a gestão, já."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def grave_incidents(hub: HubSnapshot) -> Iterator[Observation]:
    amount = hub.reported.incidents
    yield Observation(
        amount,
        _("Ocorrências graves (falta ou comportamento) nas últimas 24 horas: %s.") % number(amount),
        list_url("events_event", "type=incident.registered"),
        past=_("Houve ocorrências graves em um dia: %s.") % number(amount),
    )
