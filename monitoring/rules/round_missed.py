"""A round that was not done. It says nothing about the systems, so it makes nothing less healthy."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from monitoring.labels import list_url, seconds
from monitoring.rule import Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Ronda não feita"),
    unit=ngettext_lazy("minuto depois da hora", "minutos depois da hora", "count"),
    warning=30,
    at_least=True,
    in_health=False,
)
def round_missed(hub: HubSnapshot) -> Iterator[Observation]:
    if due := hub.missed_round:
        late = due.minutes_late(hub.now)
        yield Observation(
            late,
            _("A ronda das %s ainda não foi feita.") % due.clock,
            list_url("monitoring_round"),
            past=_("A ronda das %s foi feita com atraso, ou deu lugar à seguinte.") % due.clock,
            subject=due.key,
            shown=seconds(late * 60),
        )
