"""Synchronisations that failed repeatedly in 24 hours."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url
from monitoring.rule import Observation, rule
from sync import labels


@rule(
    gettext_lazy("Sincronização com falhas em 24 h"),
    unit=gettext_lazy("falhas"),
    warning=2,
    symptom_of=("circuit_breaker",),
)
def sync_failures(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        yield Observation(
            job["recent_failures"],
            _("A sincronização %(name)s falhou %(times)d vezes em 24 h.")
            % {"name": labels.job(name), "times": job["recent_failures"]},
            list_url("sync_syncjob"),
            subject=name,
        )
