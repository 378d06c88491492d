"""The workers, which send what is due, give no sign of life."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import heartbeats
from monitoring.health import HubSnapshot
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Trabalhadores em silêncio"), unit="s", warning=60, critical=180)
def worker_silent(hub: HubSnapshot) -> Iterator[Observation]:
    yield heartbeats.observe(hub.staleness["worker"], _("Os trabalhadores (worker) estão em silêncio"))
