"""Scheduled tasks do not arrive, though beat and the workers give signs of life."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console.support import DEVELOPMENT
from monitoring import heartbeats
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Tarefas agendadas em silêncio"),
    unit="s",
    warning=60,
    critical=180,
    symptom_of=("worker_silent", "beat_silent"),
    first_called=DEVELOPMENT,
    steps=(
        Instruction(
            gettext_lazy("Chame o desenvolvimento: as tarefas agendadas não são executadas."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def scheduler_silent(hub: HubSnapshot) -> Iterator[Observation]:
    yield heartbeats.observe(
        hub.staleness["scheduler"],
        never=_("As tarefas agendadas nunca chegaram."),
        silent=_("As tarefas agendadas não chegam há %s."),
        past=_("As tarefas agendadas deixaram de chegar."),
        technical="Celery beat → broker → worker",
    )
