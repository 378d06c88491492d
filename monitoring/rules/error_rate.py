"""The share of events that failed in 24 hours, once there are enough of them."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import metrics
from monitoring.health import HubSnapshot
from monitoring.labels import percent, url_of_failed_events
from monitoring.rule import Observation, rule

ENOUGH = 20  # events


@rule(
    gettext_lazy("Taxa de erro em 24 h"),
    unit="%",
    warning=5,
    critical=15,
    symptom_of=("circuit_breaker", "whatsapp_disconnected"),
)
def error_rate(hub: HubSnapshot) -> Iterator[Observation]:
    failed, settled = hub.failures
    value = (metrics.rate(failed, settled) or 0) if settled >= ENOUGH else 0
    yield Observation(
        value,
        _("Falharam %(share)s dos eventos das últimas 24 h (%(failed)d de %(settled)d).")
        % {"share": percent(value), "failed": failed, "settled": settled},
        url_of_failed_events(hub.last_day[0]),
        shown=percent(value),
    )
