"""A round that nobody did. It says nothing about the systems, so the verdict leaves it out."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import Snapshot
from monitoring.labels import list_of, seconds
from monitoring.rule import Reading, rule


@rule(
    gettext_lazy("Ronda não feita"),
    unit=gettext_lazy("minutos depois da hora"),
    warning=30,
    at_least=True,
    in_verdict=False,
)
def round_missed(hub: Snapshot) -> Iterator[Reading]:
    if due := hub.missed_round:
        yield Reading(
            due.minutes_late(hub.now),
            _("A ronda das %s ainda não foi feita.") % due.clock,
            list_of("monitoring_round"),
            subject=due.key,
            shown=seconds(due.minutes_late(hub.now) * 60),
        )
