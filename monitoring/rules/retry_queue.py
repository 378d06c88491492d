"""Deliveries that failed and are retried."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, number
from monitoring.rule import Observation, rule


@rule(
    gettext_lazy("Tentando de novo"),
    unit=gettext_lazy("entregas"),
    warning=50,
    critical=200,
    symptom_of=("circuit_breaker", "whatsapp_disconnected"),
)
def retry_queue(hub: HubSnapshot) -> Iterator[Observation]:
    total = hub.retry_queue["total"]
    yield Observation(
        total,
        _("Entregas tentando de novo: %s.") % number(total),
        list_url("events_delivery", "queue=retrying"),
        parts=hub.retry_queue["by_service"],
    )
