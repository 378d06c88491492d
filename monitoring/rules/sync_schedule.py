"""Synchronisations whose schedule never comes: nothing would ever be late."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import syncs
from monitoring.health import Snapshot
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Sincronização que nunca executa"), warning=1, at_least=True)
def sync_schedule(hub: Snapshot) -> Iterator[Reading]:
    for name, job in hub.sync.items():
        if error := job.get("schedule_error"):
            said = {"name": syncs.title(name), "error": error}
            sentence = _("A sincronização %(name)s nunca executa: %(error)s") % said
            yield Reading(1, sentence, syncs.page(), subject=name)
