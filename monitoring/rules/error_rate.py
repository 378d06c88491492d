"""The share of events that failed in 24 hours, once there are enough of them to tell."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import Snapshot
from monitoring.labels import failed_since, percent, rate
from monitoring.rule import Reading, rule

ENOUGH = 20  # events


@rule(
    gettext_lazy("Taxa de erro em 24 h"),
    unit="%",
    warning=5,
    critical=15,
    symptom_of=("circuit_breaker", "whatsapp_disconnected"),
)
def error_rate(hub: Snapshot) -> Iterator[Reading]:
    failed, settled = hub.failures
    value = (rate(failed, settled) or 0) if settled >= ENOUGH else 0
    yield Reading(
        value,
        _("Falharam %(share)s dos eventos das últimas 24 h (%(failed)d de %(settled)d).")
        % {"share": percent(value), "failed": failed, "settled": settled},
        failed_since(hub.last_day[0]),
        shown=percent(value),
    )
