"""A transaction left open slows every lane, because nothing behind it can be cleaned up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.labels import list_url, seconds
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Banco de dados ocupado"),
    unit="s",
    warning=600,
    steps=(
        Instruction(
            gettext_lazy("Chame o desenvolvimento: enquanto ela dura, tudo fica mais lento."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def old_transaction(hub: HubSnapshot) -> Iterator[Observation]:
    age = seconds(hub.oldest_transaction)
    yield Observation(
        hub.oldest_transaction,
        _("Uma mesma operação ocupa o banco de dados há %s.") % age,
        list_url("monitoring_alert"),
        past=_("Uma mesma operação ocupou o banco de dados por %s.") % age,
        technical="open transaction, pg_stat_activity",
        shown=age,
    )
