"""A system that is down, that has long been tested without success, or that is back and catches up."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from carinho.console import labels
from carinho.console.labels import number
from events.models import BreakerState, CircuitBreaker
from events.queues import Queue
from monitoring.labels import list_url, seconds
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot, Unmeasured

SENTENCES = {
    BreakerState.OPEN: gettext_lazy("%(system)s está fora do ar há %(time)s: %(waiting)s."),
    BreakerState.HALF_OPEN: gettext_lazy("%(system)s: testando se voltou há %(time)s, %(waiting)s."),
}


@rule(
    gettext_lazy("Sistema fora do ar"),
    unit="s",
    warning=300,
    warning_on=gettext_lazy("em teste"),
    critical=0,
    left_alone=timedelta(minutes=5),
    meanwhile=gettext_lazy(
        "As entregas esperam e saem sozinhas quando voltar: por enquanto não é preciso fazer nada."
    ),
    steps=(
        Instruction(
            gettext_lazy(
                "Nos primeiros 5 minutos não é preciso fazer nada: o hub testa sozinho, e as entregas "
                "esperam sem gastar tentativas e saem quando ele voltar."
            ),
            "events_circuitbreaker_held",
            gettext_lazy("Ver as retidas"),
        ),
        Instruction(
            gettext_lazy("Passou disso? Avise quem cuida do sistema e pergunte se ele está no ar."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
        Instruction(
            gettext_lazy("Disseram que voltou? Teste agora com uma entrega."),
            "events_circuitbreaker_changelist",
            gettext_lazy("Ver os sistemas"),
        ),
    ),
)
def circuit_breaker(hub: HubSnapshot) -> Iterator[Observation]:
    """The warning counts seconds being tested (half-open), the critical limit seconds of an open circuit."""
    outages = [breaker for breaker in hub.breakers if breaker.state in SENTENCES]
    yield from (_outage(hub, breaker) for breaker in outages if not breaker.refuses)
    try:
        rejecting = hub.rejecting
    except Unmeasured:
        rejecting = {}
    for breaker in hub.breakers:  # last, for it needs the queues, and what is away is known without them
        if breaker in outages or breaker.service in rejecting:  # one that takes nothing is not back
            continue
        drain = hub.draining(breaker.service)
        if drain and drain.rule == "circuit_breaker":
            system = labels.system(breaker.service)
            facts = {"system": system, "time": seconds(drain.seconds), "waiting": number(drain.waiting)}
            yield Observation(
                drain.seconds,
                _("%(system)s voltou há %(time)s: entregando o que esperava (%(waiting)s).") % facts,
                list_url("events_delivery", f"queue=queued&service={breaker.service}"),
                past=_("%s voltou, e o que esperava saiu.") % system,
                subject=breaker.service,
                shown=_("entregando %s") % facts["waiting"],
                severity=Severity.WARNING,
                systems=(breaker.service,),
                is_tail=True,
            )


def waiting(hub: HubSnapshot, service: str) -> str:
    """How many deliveries wait for a system that takes none."""
    try:
        amount = hub.queues.get(service, Queue()).waiting
    except Unmeasured:
        return _("? entregas na fila")
    if not amount:
        return _("nenhuma entrega na fila")
    return ngettext("%s entrega na fila", "%s entregas na fila", amount) % number(amount)


def _outage(hub: HubSnapshot, breaker: CircuitBreaker) -> Observation:
    is_tested = breaker.state == BreakerState.HALF_OPEN
    since = breaker.half_open_since if is_tested else breaker.outage_since
    age = max((hub.now - (since or breaker.opened_at or hub.now)).total_seconds(), 0)
    try:
        held = hub.held["by_service"].get(breaker.service, 0)
    except Unmeasured:  # that the system is away is known all the same
        held = None
    system = labels.system(breaker.service)
    facts = {"system": system, "time": seconds(age), "waiting": waiting(hub, breaker.service)}
    if is_tested:
        is_long = circuit_breaker.is_over(age, Severity.WARNING)
        severity = Severity.WARNING if is_long or held else "none"
    else:
        limit = circuit_breaker.limit(Severity.CRITICAL)
        is_long, severity = True, Severity.CRITICAL if limit is not None and age >= limit else "none"
    return Observation(
        age,
        str(SENTENCES[BreakerState(breaker.state)]) % facts,
        list_url("events_circuitbreaker") + f"{breaker.service}/change/",
        past=_("%s ficou fora do ar.") % system,
        subject=breaker.service,
        shown=facts["time"],
        severity=severity,
        systems=(breaker.service,),
        is_tail=not is_long,
        since=breaker.outage_since,
        brief=_("%(system)s está fora do ar há %(time)s.") % facts,
    )
