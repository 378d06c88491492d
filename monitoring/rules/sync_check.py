"""Comparisons that came to no end: whether both sides agree is not known."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import syncs
from monitoring.health import Snapshot
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("Conferência que falhou"),
    warning=1,
    at_least=True,
    symptom_of=("circuit_breaker",),
)
def sync_check(hub: Snapshot) -> Iterator[Reading]:
    for name, job in hub.sync.items():
        if error := job.get("check_error"):
            said = {"name": syncs.title(name), "error": error}
            sentence = _("A conferência da sincronização %(name)s falhou: %(error)s") % said
            yield Reading(1, sentence, syncs.page(), subject=name)
