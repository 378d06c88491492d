"""Parts and rules that could not be measured: what is wrong there would go unnoticed."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import HubSnapshot
from monitoring.labels import list_url
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Medida que falhou"), warning=1, at_least=True)
def unmeasured(hub: HubSnapshot) -> Iterator[Observation]:
    for name, title in hub.unmeasured.items():
        sentence = _(
            "Não foi possível medir: %s. Pode haver problemas que não aparecem aqui; avise o desenvolvimento."
        )
        yield Observation(1, sentence % title, list_url("monitoring_alert"), subject=name, shown=_("falhou"))
