"""The workers, which send what is due, give no sign of life."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console.support import DEVELOPMENT
from monitoring import heartbeats
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Trabalhadores em silêncio"),
    unit="s",
    warning=60,
    critical=180,
    first_called=DEVELOPMENT,
    steps=(
        Instruction(
            gettext_lazy(
                "Chame o desenvolvimento: os trabalhadores precisam ser iniciados de novo. O que chega é "
                "guardado e sai quando voltarem."
            ),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def worker_silent(hub: HubSnapshot) -> Iterator[Observation]:
    yield heartbeats.observe(
        hub.staleness["worker"],
        never=_("Os trabalhadores, que enviam o que espera, nunca deram sinal de vida."),
        silent=_("Os trabalhadores, que enviam o que espera, não dão sinal de vida há %s."),
        past=_("Os trabalhadores, que enviam o que espera, ficaram sem dar sinal de vida."),
        technical="Celery worker",
    )
