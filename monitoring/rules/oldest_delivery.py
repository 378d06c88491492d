"""A delivery that is due and not sent, though its system is up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console import labels
from monitoring.health import HubSnapshot
from monitoring.labels import list_url, seconds
from monitoring.rule import Observation, rule


@rule(
    gettext_lazy("Entrega vencida mais antiga"),
    unit="s",
    warning=60,
    critical=600,
    symptom_of=("worker_silent", "whatsapp_disconnected"),
)
def oldest_delivery(hub: HubSnapshot) -> Iterator[Observation]:
    holding = {breaker.service for breaker in hub.breakers if breaker.holds}
    waits = {
        name: (hub.now - queue.oldest).total_seconds()
        for name, queue in hub.queues.items()
        if queue.oldest and name not in holding
    }
    if waits:
        service, age = max(waits.items(), key=lambda pair: pair[1])
        yield Observation(
            age,
            _("Há uma entrega para %(system)s esperando há %(time)s.")
            % {"system": labels.system(service), "time": seconds(age)},
            list_url("events_delivery", f"service={service}&status=queued"),
            shown=seconds(age),
        )
