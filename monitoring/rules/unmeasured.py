"""Parts and rules that could not be measured: what is wrong there would go unnoticed."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Medida que falhou"),
    warning=1,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy("Chame o desenvolvimento: pode haver problemas que não aparecem aqui."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def unmeasured(hub: HubSnapshot) -> Iterator[Observation]:
    for name, title in hub.unmeasured.items():
        yield Observation(
            1,
            _("Não foi possível medir: %s. Pode haver problemas que não aparecem aqui.") % title,
            list_url("monitoring_alert"),
            past=_("Por um tempo não foi possível medir: %s.") % title,
            subject=name,
            shown=_("falhou"),
        )
