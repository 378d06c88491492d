"""Deliveries that need a person."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url, number
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Precisa de você"), unit=gettext_lazy("itens"), warning=10, critical=50, at_least=True)
def dead_letters(hub: HubSnapshot) -> Iterator[Observation]:
    total = hub.dead_letters["total"]
    yield Observation(
        total, _("Itens que precisam de você: %s.") % number(total), list_url("events_deadletter")
    )
