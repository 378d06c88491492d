"""Synchronisations whose schedule never comes due, so that nothing would ever be late."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url
from monitoring.rule import Observation, rule
from sync import labels


@rule(gettext_lazy("Sincronização que nunca executa"), warning=1, at_least=True)
def sync_schedule(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        if error := job.get("schedule_error"):
            said = {"name": labels.job(name), "error": error}
            sentence = _("A sincronização %(name)s nunca executa: %(error)s") % said
            yield Observation(1, sentence, list_url("sync_syncjob"), subject=name)
