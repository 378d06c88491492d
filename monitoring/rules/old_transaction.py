"""A transaction left open slows every lane, because nothing behind it can be cleaned up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.labels import list_url, seconds
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Transação aberta no banco de dados"),
    unit="s",
    warning=600,
    steps=(
        Instruction(
            gettext_lazy("Chame o desenvolvimento: ela deixa tudo mais lento enquanto dura."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def old_transaction(hub: HubSnapshot) -> Iterator[Observation]:
    age = seconds(hub.oldest_transaction)
    yield Observation(
        hub.oldest_transaction,
        _("Há uma transação aberta no banco de dados há %s.") % age,
        list_url("monitoring_alert"),
        past=_("Houve uma transação aberta no banco de dados por %s.") % age,
        shown=age,
    )
