"""Synchronisations that ran before, or are at it for the first time, and missed their time since."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from monitoring.labels import systems_of_job, url_of_job
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from sync import labels

MISSED = {"": 0, "warning": 1, "critical": 2}
CAUSES = (
    "worker_silent",
    "beat_silent",
    "scheduler_silent",
    "circuit_breaker",
    "rejects_probes",
    "rejects_everything",
    "rejects_key",
)


@rule(
    gettext_lazy("Sincronização atrasada"),
    unit=ngettext_lazy("período perdido", "períodos perdidos", "count"),
    warning=1,
    critical=2,
    at_least=True,
    symptom_of=CAUSES,
    steps=(
        Instruction(
            gettext_lazy("Execute de novo a que perdeu a hora."),
            "sync_syncjob_changelist",
            gettext_lazy("Ver as sincronizações"),
        ),
    ),
)
def sync_late(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        if job["last_status"] is None and job["running_kind"] is None:  # `sync_never_ran`
            continue
        yield Observation(
            MISSED[job.get("level", "")],
            _("A sincronização %s está atrasada.") % labels.job(name),
            url_of_job(name),
            past=_("A sincronização %s esteve atrasada.") % labels.job(name),
            subject=name,
            systems=systems_of_job(name),
        )
