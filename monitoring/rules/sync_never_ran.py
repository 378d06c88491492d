"""Synchronisations whose time has come and gone without a first run."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from monitoring.labels import systems_of_job, url_of_job
from monitoring.rule import Instruction, Observation, rule
from monitoring.rules.sync_late import CAUSES, MISSED
from monitoring.snapshot import HubSnapshot
from sync import labels


@rule(
    gettext_lazy("Sincronização que ainda não executou"),
    unit=ngettext_lazy("período perdido", "períodos perdidos", "count"),
    warning=1,
    critical=2,
    at_least=True,
    symptom_of=CAUSES,
    steps=(
        Instruction(
            gettext_lazy("Execute-a agora, e veja se ela chega ao fim."),
            "sync_syncjob_changelist",
            gettext_lazy("Ver as sincronizações"),
        ),
        Instruction(
            gettext_lazy(
                "Passou a hora dela outra vez sem executar? Peça a um administrador que veja o agendamento."
            ),
            "django_celery_beat_periodictask_changelist",
            gettext_lazy("Ver os agendamentos"),
        ),
    ),
)
def sync_never_ran(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        if job["last_status"] is None and job["running_kind"] is None:
            yield Observation(
                MISSED[job.get("level", "")],
                _("A sincronização %s ainda não executou nenhuma vez, e a hora dela já passou.")
                % labels.job(name),
                url_of_job(name),
                past=_("A hora da sincronização %s passou sem que ela tivesse executado.") % labels.job(name),
                subject=name,
                systems=systems_of_job(name),
            )
