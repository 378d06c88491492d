"""The clock that wakes the hub."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import silence
from monitoring.health import Snapshot
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Relógio em silêncio"), unit="s", warning=60, critical=180, symptom_of=())
def beat_silent(hub: Snapshot) -> Iterator[Reading]:
    yield silence.reading(hub.silence["beat"], _("O relógio (beat) está em silêncio"))
