"""Events of which no delivery was begun."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Eventos aguardando"),
    unit=ngettext_lazy("evento", "eventos", "count"),
    warning=100,
    critical=500,
    symptom_of=("worker_silent", "circuit_breaker", "rejects_probes", "oldest_delivery"),
    steps=(
        Instruction(
            gettext_lazy("Espere alguns minutos. Se o número cresce, chame o desenvolvimento."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def events_pending(hub: HubSnapshot) -> Iterator[Observation]:
    yield Observation(
        hub.pending,
        _("Eventos que aguardam processamento: %s.") % number(hub.pending),
        list_url("events_event", "status=pending"),
        past=_("Houve eventos demais aguardando processamento: %s.") % number(hub.pending),
    )
