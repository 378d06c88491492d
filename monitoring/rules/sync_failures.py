"""Synchronisations that fail again and again."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import syncs
from monitoring.health import Snapshot
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("Sincronização com falhas em 24 h"),
    unit=gettext_lazy("falhas"),
    warning=2,
    symptom_of=("circuit_breaker",),
)
def sync_failures(hub: Snapshot) -> Iterator[Reading]:
    for name, job in hub.sync.items():
        yield Reading(
            job["recent_failures"],
            _("A sincronização %(name)s falhou %(times)d vezes em 24 h.")
            % {"name": syncs.title(name), "times": job["recent_failures"]},
            syncs.page(),
            subject=name,
        )
