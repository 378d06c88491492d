"""What waits for a person."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import Snapshot
from monitoring.labels import list_of, number
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Precisa de você"), unit=gettext_lazy("itens"), warning=10, critical=50, at_least=True)
def dead_letters(hub: Snapshot) -> Iterator[Reading]:
    total = hub.dead_letters["total"]
    yield Reading(total, _("Itens que precisam de você: %s.") % number(total), list_of("events_deadletter"))
