"""Synchronisations whose schedule never comes due, so that nothing would ever be late."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.labels import url_of_job
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from sync import labels


@rule(
    gettext_lazy("Sincronização que nunca executa"),
    warning=1,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy("Peça a um administrador que corrija o horário dela."),
            "django_celery_beat_periodictask_changelist",
            gettext_lazy("Ver os agendamentos"),
        ),
    ),
)
def sync_schedule(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        if error := job.get("schedule_error"):
            said = {"name": labels.job(name), "error": error}
            yield Observation(
                1,
                _("A sincronização %(name)s nunca executa: %(error)s") % said,
                url_of_job(name),
                past=_("A sincronização %(name)s não tinha horário: %(error)s") % said,
                subject=name,
            )
