"""A system that is down, or that takes long to be found well again."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext_lazy

from carinho.console import labels
from events.models import BreakerState, CircuitBreaker
from monitoring.health import Snapshot, Unmeasured
from monitoring.labels import list_of, number, seconds
from monitoring.models import Severity
from monitoring.rule import Reading, rule

SENTENCES = {
    BreakerState.OPEN: gettext_lazy("%(system)s está fora do ar há %(time)s: %(held)s entregas retidas."),
    BreakerState.HALF_OPEN: gettext_lazy(
        "%(system)s está sendo testado há %(time)s: %(held)s entregas retidas."
    ),
}


@rule(gettext_lazy("Sistema fora do ar"), unit="s", warning=300, critical=0)
def circuit_breaker(hub: Snapshot) -> Iterator[Reading]:
    """The warning counts seconds being tested (half-open), the critical limit seconds of an open circuit."""
    for breaker in hub.breakers:
        if breaker.state in SENTENCES:
            yield _reading(hub, breaker)


def _reading(hub: Snapshot, breaker: CircuitBreaker) -> Reading:
    is_tested = breaker.state == BreakerState.HALF_OPEN
    since = breaker.half_open_since if is_tested else breaker.outage_since
    age = hub.now - (since or breaker.opened_at or hub.now)
    facts = {
        "system": labels.system(breaker.service),
        "time": seconds(max(age, timedelta()).total_seconds()),
        "held": _held(hub, breaker.service),
    }
    return Reading(
        age.total_seconds(),
        str(SENTENCES[BreakerState(breaker.state)]) % facts,
        list_of("events_circuitbreaker") + f"{breaker.service}/change/",
        subject=breaker.service,
        shown=facts["time"],
        severity=_severity(breaker, age.total_seconds()),
    )


def _held(hub: Snapshot, service: str) -> str:
    try:
        return number(hub.held["by_service"].get(service, 0))
    except Unmeasured:  # that the system is away is known all the same
        return "?"


def _severity(breaker: CircuitBreaker, age: float) -> str:
    critical, warning = circuit_breaker.limit(Severity.CRITICAL), circuit_breaker.limit(Severity.WARNING)
    if breaker.state == BreakerState.OPEN:
        return Severity.CRITICAL if critical is not None and age >= critical else "none"
    return Severity.WARNING if warning is not None and age > warning else "none"
