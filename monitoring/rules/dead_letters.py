"""What waits for a person."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.rule import Reading, rule
from monitoring.snapshot import Snapshot
from monitoring.words import list_of, number


@rule(gettext_lazy("Precisa de você"), unit=gettext_lazy("itens"), warning=10, critical=50, at_least=True)
def dead_letters(hub: Snapshot) -> Iterator[Reading]:
    total = hub.dead_letters["total"]
    yield Reading(total, _("Itens que precisam de você: %s.") % number(total), list_of("events_deadletter"))
