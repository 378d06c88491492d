"""A system that answers again after an outage, and has refused all that it was sent since."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console import labels
from monitoring.labels import list_url, seconds
from monitoring.rule import Instruction, Observation, rule
from monitoring.rules.circuit_breaker import waiting
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Sistema que voltou a responder e recusa"),
    unit="s",
    critical=0,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy(
                "As entregas ficam retidas, e só uma de cada vez é enviada, para saber se ele já aceita."
            ),
            "events_circuitbreaker_held",
            gettext_lazy("Ver as retidas"),
        ),
        Instruction(
            gettext_lazy(
                "Chame quem cuida do sistema. Se ele não aceita a nossa chave, um administrador a confere."
            ),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
        Instruction(
            gettext_lazy("Disseram que ele já aceita? Teste agora com uma entrega."),
            "events_circuitbreaker_changelist",
            gettext_lazy("Ver os sistemas"),
        ),
    ),
)
def rejects_probes(hub: HubSnapshot) -> Iterator[Observation]:
    """Counted from the first refusal; one delivery that is taken ends it."""
    for breaker in hub.breakers:
        if not breaker.refuses:
            continue
        age = max((hub.now - (breaker.refused_since or hub.now)).total_seconds(), 0)
        system = labels.system(breaker.service)
        said = {"system": system, "time": seconds(age), "waiting": waiting(hub, breaker.service)}
        yield Observation(
            age,
            _("%(system)s voltou a responder, mas recusa tudo o que recebe há %(time)s: %(waiting)s.") % said,
            list_url("events_circuitbreaker") + f"{breaker.service}/change/",
            past=_("%s respondia, mas recusava tudo o que recebia.") % system,
            subject=breaker.service,
            shown=said["time"],
            systems=(breaker.service,),
            since=breaker.refused_since,
            technical=breaker.last_error,
        )
