"""The share of events that failed in 24 hours, once there are enough of them."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import metrics
from monitoring.labels import failed_of_settled, percent, url_of_failed_events
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot, Unmeasured

ENOUGH = 20  # events


@rule(
    gettext_lazy("Taxa de erro em 24 h"),
    unit="%%",
    warning=5,
    critical=15,
    symptom_of=(
        "circuit_breaker",
        "rejects_probes",
        "whatsapp_disconnected",
        "rejects_everything",
        "rejects_key",
        "left_to_resend",
    ),
    steps=(
        Instruction(
            gettext_lazy("Veja o que mais falha hoje."),
            "events_deadletter_changelist",
            gettext_lazy("Ver os itens"),
        ),
    ),
)
def error_rate(hub: HubSnapshot) -> Iterator[Observation]:
    """It is about the system where most of what failed waits: another's outage does not explain it."""
    failed, settled = hub.failures
    value = (metrics.rate(failed, settled) or 0) if settled >= ENOUGH else 0
    try:
        systems = tuple(hub.failing[:1])
    except Unmeasured:  # the share is known all the same
        systems = ()
    said = {"share": percent(value), "counts": failed_of_settled(failed, settled)}
    yield Observation(
        value,
        _("%(share)s dos eventos das últimas 24 h precisam de você (%(counts)s).") % said,
        url_of_failed_events(hub.last_day[0]),
        past=_("%(share)s dos eventos em 24 h precisavam de você (%(counts)s).") % said,
        shown=percent(value),
        systems=systems,
    )
