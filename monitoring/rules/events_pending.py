"""Events that nobody began to work on."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from monitoring.health import Snapshot
from monitoring.labels import list_of, number
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("Eventos aguardando"),
    unit=gettext_lazy("eventos"),
    warning=100,
    critical=500,
    symptom_of=("worker_silent", "circuit_breaker", "oldest_delivery"),
)
def events_pending(hub: Snapshot) -> Iterator[Reading]:
    message = ngettext("1 evento aguarda processamento.", "%s eventos aguardam processamento.", hub.pending)
    yield Reading(
        hub.pending,
        message % number(hub.pending) if hub.pending != 1 else _("1 evento aguarda processamento."),
        list_of("events_event", "status=pending"),
    )
