"""Comparisons that failed: whether both sides agree is not known."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url
from monitoring.rule import Observation, rule
from sync import labels


@rule(
    gettext_lazy("Conferência que falhou"),
    warning=1,
    at_least=True,
    symptom_of=("circuit_breaker",),
)
def sync_check(hub: HubSnapshot) -> Iterator[Observation]:
    for name, job in hub.sync.items():
        if error := job.get("check_error"):
            said = {"name": labels.job(name), "error": error}
            sentence = _("A conferência da sincronização %(name)s falhou: %(error)s") % said
            yield Observation(1, sentence, list_url("sync_syncjob"), subject=name)
