"""Beat, the process that starts what is scheduled, gives no sign of life."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console.support import DEVELOPMENT
from monitoring import heartbeats
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Relógio em silêncio"),
    unit="s",
    warning=60,
    critical=180,
    first_called=DEVELOPMENT,
    steps=(
        Instruction(
            gettext_lazy("Chame o desenvolvimento: o relógio precisa ser iniciado de novo."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def beat_silent(hub: HubSnapshot) -> Iterator[Observation]:
    yield heartbeats.observe(
        hub.staleness["beat"],
        never=_("O relógio, que inicia o que tem hora, nunca deu sinal de vida."),
        silent=_("O relógio, que inicia o que tem hora, não dá sinal de vida há %s."),
        past=_("O relógio, que inicia o que tem hora, ficou sem dar sinal de vida."),
        technical="Celery beat",
    )
