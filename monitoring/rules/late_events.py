"""A system that reports late what happened: a burst of old events is one line for a person."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Eventos que chegaram atrasados"),
    unit=ngettext_lazy("evento", "eventos", "count"),
    warning=10,
    steps=(
        Instruction(
            gettext_lazy(
                "Veja se alguma mensagem que não foi enviada ainda importa, e avise a pessoa por telefone."
            )
        ),
    ),
)
def late_events(hub: HubSnapshot) -> Iterator[Observation]:
    for source, amount in hub.late_events.items():
        said = {"amount": number(amount), "source": labels.system(source)}
        yield Observation(
            amount,
            ngettext(
                "%(amount)s evento de %(source)s chegou com mais de um dia de atraso nas últimas "
                "24 horas; as mensagens que já não eram úteis não foram enviadas.",
                "%(amount)s eventos de %(source)s chegaram com mais de um dia de atraso nas últimas "
                "24 horas; as mensagens que já não eram úteis não foram enviadas.",
                amount,
            )
            % said,
            list_url("events_event", f"source={source}&late=24h"),
            past=ngettext(
                "%(amount)s evento de %(source)s chegou com mais de um dia de atraso.",
                "%(amount)s eventos de %(source)s chegaram com mais de um dia de atraso.",
                amount,
            )
            % said,
            subject=source,
            systems=(source,),
        )
