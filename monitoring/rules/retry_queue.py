"""Deliveries that failed and are tried again."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import Snapshot
from monitoring.labels import list_of, number
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("Tentando de novo"),
    unit=gettext_lazy("entregas"),
    warning=50,
    critical=200,
    symptom_of=("circuit_breaker", "whatsapp_disconnected"),
)
def retry_queue(hub: Snapshot) -> Iterator[Reading]:
    total = hub.retry_queue["total"]
    yield Reading(
        total,
        _("Entregas tentando de novo: %s.") % number(total),
        list_of("events_delivery", "queue=retrying"),
        parts=hub.retry_queue["by_service"],
    )
