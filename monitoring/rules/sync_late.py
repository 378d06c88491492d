"""Synchronisations that did not run when they should have."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import syncs
from monitoring.health import Snapshot
from monitoring.rule import Reading, rule

PERIODS = {"": 0, "warning": 1, "critical": 2}


@rule(
    gettext_lazy("Sincronização atrasada"),
    unit=gettext_lazy("períodos perdidos"),
    warning=1,
    critical=2,
    at_least=True,
    symptom_of=("worker_silent", "beat_silent", "scheduler_silent"),
)
def sync_late(hub: Snapshot) -> Iterator[Reading]:
    for name, job in hub.sync.items():
        yield Reading(
            PERIODS[job.get("level", "")],
            _("A sincronização %s está atrasada.") % syncs.title(name),
            syncs.page(),
            subject=name,
        )
