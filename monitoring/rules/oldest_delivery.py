"""A delivery that is due and is not sent, though its system is up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console import labels
from monitoring.health import Snapshot
from monitoring.labels import list_of, seconds
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("Entrega vencida mais antiga"),
    unit="s",
    warning=60,
    critical=600,
    symptom_of=("worker_silent", "whatsapp_disconnected"),
)
def oldest_delivery(hub: Snapshot) -> Iterator[Reading]:
    holding = {breaker.service for breaker in hub.breakers if breaker.holds}
    waits = {
        name: (hub.now - queue.oldest).total_seconds()
        for name, queue in hub.queues.items()
        if queue.oldest and name not in holding
    }
    if waits:
        service, age = max(waits.items(), key=lambda pair: pair[1])
        yield Reading(
            age,
            _("Há uma entrega para %(system)s esperando há %(time)s.")
            % {"system": labels.system(service), "time": seconds(age)},
            list_of("events_delivery", f"service={service}&status=queued"),
            shown=seconds(age),
        )
