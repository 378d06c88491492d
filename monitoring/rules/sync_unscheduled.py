"""A synchronisation whose schedule never comes: it is not late, and yet it will not run."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import syncs
from monitoring.rule import Reading, rule
from monitoring.snapshot import Snapshot


@rule(
    gettext_lazy("Sincronização sem próxima vez"),
    unit=gettext_lazy("sincronizações"),
    warning=1,
    at_least=True,
)
def sync_unscheduled(hub: Snapshot) -> Iterator[Reading]:
    for name, job in hub.sync.items():
        if reason := job.get("schedule_error"):
            sentence = _("A sincronização %(name)s nunca executa pelo seu agendamento: %(reason)s.")
            said = {"name": syncs.title(name), "reason": str(reason).rstrip(".")}
            yield Reading(1, sentence % said, syncs.page_of(name), subject=name)
