"""Synchronisations whose last run gave no more sign, or took longer than it may."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.labels import systems_of_job, url_of_job
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from sync import labels
from sync.models import RunStatus


@rule(
    gettext_lazy("Sincronização que travou"),
    warning=1,
    at_least=True,
    symptom_of=("worker_silent", "circuit_breaker", "rejects_probes", "rejects_everything", "rejects_key"),
    steps=(
        Instruction(
            gettext_lazy("Execute de novo: ela continua de onde parou, e nada é feito duas vezes."),
            "sync_syncjob_changelist",
            gettext_lazy("Ver as sincronizações"),
        ),
        Instruction(
            gettext_lazy("Travou outra vez? Chame o desenvolvimento."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def sync_stuck(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        if job.get("last_result") == RunStatus.STUCK:
            yield Observation(
                1,
                _("A última execução da sincronização %s ficou travada: não chegou ao fim.")
                % labels.job(name),
                url_of_job(name),
                past=_("Uma execução da sincronização %s tinha ficado travada.") % labels.job(name),
                subject=name,
                shown=str(RunStatus.STUCK.label),
                systems=systems_of_job(name),
            )
