"""Comparisons that failed: whether both sides agree is not known."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.labels import systems_of_job, url_of_job
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from sync import labels


@rule(
    gettext_lazy("Conferência que falhou"),
    warning=1,
    at_least=True,
    symptom_of=("circuit_breaker", "rejects_probes", "rejects_everything", "rejects_key"),
    steps=(
        Instruction(
            gettext_lazy("Abra a sincronização e execute de novo; a conferência vem depois dela."),
            "sync_syncjob_changelist",
            gettext_lazy("Ver as sincronizações"),
        ),
    ),
)
def sync_check(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        if error := job.get("check_error"):
            said = {"name": labels.job(name), "error": labels.failure(error)}
            yield Observation(
                1,
                _("A conferência da sincronização %(name)s falhou: %(error)s.") % said,
                url_of_job(name),
                past=_("A conferência da sincronização %(name)s tinha falhado: %(error)s.") % said,
                subject=name,
                systems=systems_of_job(name),
                technical=error,
            )
