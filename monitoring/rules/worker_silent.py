"""The processes that send what is due."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import silence
from monitoring.health import Snapshot
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Trabalhadores em silêncio"), unit="s", warning=60, critical=180, symptom_of=())
def worker_silent(hub: Snapshot) -> Iterator[Reading]:
    yield silence.reading(hub.silence["worker"], _("Os trabalhadores (worker) estão em silêncio"))
