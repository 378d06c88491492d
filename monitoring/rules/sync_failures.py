"""Synchronisations that failed repeatedly in 24 hours."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console.labels import number
from monitoring.health import HubSnapshot
from monitoring.labels import systems_of_job, url_of_job
from monitoring.rule import Instruction, Observation, rule
from sync import labels


@rule(
    gettext_lazy("Sincronização com falhas em 24 h"),
    unit=gettext_lazy("falhas"),
    warning=2,
    symptom_of=("circuit_breaker",),
    steps=(
        Instruction(
            gettext_lazy("Veja por que falhou e, se o sistema está no ar, execute de novo."),
            "sync_syncjob_changelist",
            gettext_lazy("Ver as sincronizações"),
        ),
    ),
)
def sync_failures(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        said = {"name": labels.job(name), "times": number(job["recent_failures"])}
        yield Observation(
            job["recent_failures"],
            _("A sincronização %(name)s falhou %(times)s vezes em 24 h.") % said,
            url_of_job(name),
            past=_("A sincronização %(name)s tinha falhado %(times)s vezes em 24 h.") % said,
            subject=name,
            systems=systems_of_job(name),
        )
