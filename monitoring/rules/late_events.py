"""A system that tells late of what happened: a burst of old events is one line for a person."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console import labels
from monitoring.health import HubSnapshot
from monitoring.labels import list_url, number
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Eventos que chegaram atrasados"), unit=gettext_lazy("eventos"), warning=10)
def late_events(hub: HubSnapshot) -> Iterator[Observation]:
    for source, amount in hub.late_events.items():
        sentence = _(
            "%(amount)s eventos de %(source)s chegaram com mais de um dia de atraso nas últimas 24 horas; "
            "as mensagens que já não eram úteis não foram enviadas."
        )
        yield Observation(
            amount,
            sentence % {"amount": number(amount), "source": labels.system(source)},
            list_url("events_event", f"source={source}&late=24h"),
            subject=source,
        )
