"""What the clock starts does not arrive, though clock and workers say they live."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import silence
from monitoring.health import Snapshot
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("Tarefas agendadas em silêncio"),
    unit="s",
    warning=60,
    critical=180,
    symptom_of=("worker_silent", "beat_silent"),
)
def scheduler_silent(hub: Snapshot) -> Iterator[Reading]:
    yield silence.reading(hub.silence["scheduler"], _("As tarefas agendadas (scheduler) não chegam"))
