"""The comparison after a synchronisation failed: whether both sides agree, nobody knows."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import syncs
from monitoring.rule import Reading, rule
from monitoring.snapshot import Snapshot


@rule(
    gettext_lazy("Conferência que falhou"),
    unit=gettext_lazy("sincronizações"),
    warning=1,
    at_least=True,
    symptom_of=("circuit_breaker",),
)
def sync_check_failed(hub: Snapshot) -> Iterator[Reading]:
    for name, job in hub.sync.items():
        if job.get("check_error"):
            sentence = _("A conferência da sincronização %s falhou: não se sabe se os dois lados concordam.")
            yield Reading(1, sentence % syncs.title(name), syncs.page_of(name), subject=name)
