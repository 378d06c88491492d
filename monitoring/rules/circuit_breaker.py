"""A system that is down, or that has long been tested without success."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy

from carinho.console import labels
from events.models import BreakerState, CircuitBreaker
from monitoring.health import HubSnapshot, Unmeasured
from monitoring.labels import list_url, number, seconds
from monitoring.models import Severity
from monitoring.rule import Observation, rule

SENTENCES = {
    BreakerState.OPEN: gettext_lazy("%(system)s está fora do ar há %(time)s: %(held)s entregas retidas."),
    BreakerState.HALF_OPEN: gettext_lazy(
        "%(system)s está sendo testado há %(time)s: %(held)s entregas retidas."
    ),
}


@rule(gettext_lazy("Sistema fora do ar"), unit="s", warning=300, critical=0)
def circuit_breaker(hub: HubSnapshot) -> Iterator[Observation]:
    """The warning counts seconds being tested (half-open), the critical limit seconds of an open circuit."""
    for breaker in hub.breakers:
        if breaker.state in SENTENCES:
            is_tested = breaker.state == BreakerState.HALF_OPEN
            since = breaker.half_open_since if is_tested else breaker.outage_since
            age = (hub.now - (since or breaker.opened_at or hub.now)).total_seconds()
            try:
                held = number(hub.held["by_service"].get(breaker.service, 0))
            except Unmeasured:  # that the system is away is known all the same
                held = "?"
            facts = {
                "system": labels.system(breaker.service),
                "time": seconds(max(age, 0)),
                "held": held,
            }
            yield Observation(
                age,
                str(SENTENCES[BreakerState(breaker.state)]) % facts,
                list_url("events_circuitbreaker") + f"{breaker.service}/change/",
                subject=breaker.service,
                shown=facts["time"],
                severity=_severity(breaker, age),
            )


def _severity(breaker: CircuitBreaker, age: float) -> str:
    critical, warning = circuit_breaker.limit(Severity.CRITICAL), circuit_breaker.limit(Severity.WARNING)
    if breaker.state == BreakerState.OPEN:
        return Severity.CRITICAL if critical is not None and age >= critical else "none"
    return Severity.WARNING if warning is not None and age > warning else "none"
