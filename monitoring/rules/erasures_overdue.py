"""Orders to erase a person that do not end: what the law gave them is still in the database."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Apagamento que não termina"),
    unit=ngettext_lazy("pedido", "pedidos", "count"),
    warning=1,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy("Chame o desenvolvimento: o log diz o número do pedido e o que o impede."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
        Instruction(gettext_lazy("Não peça de novo: corrigido o erro, o pedido termina sozinho.")),
    ),
)
def erasures_overdue(hub: HubSnapshot) -> Iterator[Observation]:
    amount = hub.overdue_erasures
    sentence = ngettext(
        "Um pedido para apagar os dados de uma pessoa não termina.",
        "%(amount)s pedidos para apagar os dados de uma pessoa não terminam.",
        amount,
    )
    past = ngettext(
        "Um pedido para apagar os dados de uma pessoa não terminava.",
        "%(amount)s pedidos para apagar os dados de uma pessoa não terminavam.",
        amount,
    )
    shown = {"amount": number(amount)}
    yield Observation(amount, sentence % shown, list_url("monitoring_erasure"), past=past % shown)
