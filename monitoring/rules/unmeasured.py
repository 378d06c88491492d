"""What could not be measured: there everything may be well or not, and nobody would be told."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import Snapshot
from monitoring.labels import list_of
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Medida que falhou"), warning=1, at_least=True)
def unmeasured(hub: Snapshot) -> Iterator[Reading]:
    for name, title in hub.unmeasured.items():
        sentence = _(
            "Não foi possível medir: %s. Pode haver problemas que não aparecem aqui; avise o desenvolvimento."
        )
        yield Reading(1, sentence % title, list_of("monitoring_alert"), subject=name, shown=_("falhou"))
