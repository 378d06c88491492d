"""Beat, the process that starts what is scheduled, gives no sign of life."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import heartbeats
from monitoring.health import HubSnapshot
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Relógio em silêncio"), unit="s", warning=60, critical=180)
def beat_silent(hub: HubSnapshot) -> Iterator[Observation]:
    yield heartbeats.observe(hub.staleness["beat"], _("O relógio (beat) está em silêncio"))
