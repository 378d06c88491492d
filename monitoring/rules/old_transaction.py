"""A transaction left open slows every lane, because nothing behind it can be cleaned up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, seconds
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Transação aberta no banco de dados"), unit="s", warning=600)
def old_transaction(hub: HubSnapshot) -> Iterator[Observation]:
    yield Observation(
        hub.oldest_transaction,
        _("Há uma transação aberta no banco de dados há %s. Avise o desenvolvimento.")
        % seconds(hub.oldest_transaction),
        list_url("monitoring_alert"),
        shown=seconds(hub.oldest_transaction),
    )
