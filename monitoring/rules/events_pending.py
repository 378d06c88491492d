"""Events of which no delivery was begun."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, number
from monitoring.rule import Observation, rule


@rule(
    gettext_lazy("Eventos aguardando"),
    unit=gettext_lazy("eventos"),
    warning=100,
    critical=500,
    symptom_of=("worker_silent", "circuit_breaker", "oldest_delivery"),
)
def events_pending(hub: HubSnapshot) -> Iterator[Observation]:
    message = ngettext("1 evento aguarda processamento.", "%s eventos aguardam processamento.", hub.pending)
    yield Observation(
        hub.pending,
        message % number(hub.pending) if hub.pending != 1 else _("1 evento aguarda processamento."),
        list_url("events_event", "status=pending"),
    )
