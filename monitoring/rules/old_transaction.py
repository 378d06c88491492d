"""A transaction left open slows every lane, because nothing behind it can be cleaned up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import Snapshot
from monitoring.labels import list_of, seconds
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Transação aberta no banco de dados"), unit="s", warning=600)
def old_transaction(hub: Snapshot) -> Iterator[Reading]:
    yield Reading(
        hub.oldest_transaction,
        _("Há uma transação aberta no banco de dados há %s. Avise o desenvolvimento.")
        % seconds(hub.oldest_transaction),
        list_of("monitoring_alert"),
        shown=seconds(hub.oldest_transaction),
    )
