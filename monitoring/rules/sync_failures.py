"""Synchronisations that failed repeatedly in 24 hours."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console.labels import number
from monitoring.health import HubSnapshot
from monitoring.labels import systems_of_job, url_of_job
from monitoring.rule import Instruction, Observation, rule
from sync import labels


@rule(
    gettext_lazy("Sincronização com falhas em 24 h"),
    unit=ngettext_lazy("falha", "falhas", "count"),
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
            ngettext(
                "A sincronização %(name)s falhou %(times)s vez em 24 h.",
                "A sincronização %(name)s falhou %(times)s vezes em 24 h.",
                job["recent_failures"],
            )
            % said,
            url_of_job(name),
            past=ngettext(
                "A sincronização %(name)s tinha falhado %(times)s vez em 24 h.",
                "A sincronização %(name)s tinha falhado %(times)s vezes em 24 h.",
                job["recent_failures"],
            )
            % said,
            subject=name,
            systems=systems_of_job(name),
        )
