"""Per system, a delivery that is due and not sent, though the system is up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console import labels
from monitoring.labels import list_url, seconds
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Entrega que já devia ter saído"),
    unit="s",
    warning=60,
    critical=600,
    symptom_of=(
        "worker_silent",
        "circuit_breaker",
        "rejects_probes",
        "whatsapp_disconnected",
        "rejects_everything",
        "rejects_key",
    ),
    steps=(
        Instruction(
            gettext_lazy("Espere alguns minutos. Se o tempo cresce, chame o desenvolvimento."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def oldest_delivery(hub: HubSnapshot) -> Iterator[Observation]:
    """What an outage left waiting is counted from its end on: before, nothing could be sent.

    While it goes, at the pace that the hub gives a system that is back, nothing is late: it is counted from
    the last one that went.
    """
    breakers = {breaker.service: breaker for breaker in hub.breakers}
    for service, queue in hub.queues.items():
        breaker = breakers.get(service)
        if queue.oldest is None or (breaker and breaker.holds):
            continue
        ends = [breaker.closed_at if breaker else None, hub.reconnected_at if service == "whatsapp" else None]
        went = queue.last_done if hub.draining(service) else None
        could_go = max(moment for moment in (queue.oldest, went, *ends) if moment)
        age = max((hub.now - could_go).total_seconds(), 0)
        said = {"system": labels.system(service), "time": seconds(age)}
        yield Observation(
            age,
            _("Uma entrega para %(system)s já devia ter saído há %(time)s.") % said,
            list_url("events_delivery", f"service={service}&status=queued"),
            past=_("Uma entrega para %(system)s esperou por %(time)s.") % said,
            subject=service,
            shown=said["time"],
            systems=(service,),
        )
