"""Deliveries that need a person; what a system rejects or keeps waiting is part of that system's alert."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from monitoring.health import HubSnapshot, Unmeasured
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule


@rule(
    gettext_lazy("Precisa de você"),
    unit=ngettext_lazy("item", "itens", "count"),
    warning=10,
    critical=50,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy("Abra a lista: cada item diz o que houve, quem resolve e qual botão usar."),
            "events_deadletter_changelist",
            gettext_lazy("Ver os itens"),
        ),
        Instruction(
            gettext_lazy("Foi falta de conexão? Veja se o sistema voltou antes de reenviar."),
            "events_circuitbreaker_changelist",
            gettext_lazy("Ver os sistemas"),
        ),
        Instruction(
            gettext_lazy("Não sabe o motivo? Chame o desenvolvimento."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
    ),
)
def dead_letters(hub: HubSnapshot) -> Iterator[Observation]:
    try:
        rejected = {service: found.open_items for service, found in hub.rejecting.items()}
    except Unmeasured:  # how many wait is known all the same
        rejected = {}
    try:
        held = hub.left_by_outages
    except Unmeasured:
        held = {}
    others = max(hub.dead_letters["total"] - sum(rejected.values()) - sum(held.values()), 0)
    elsewhere = [
        words % " e ".join(sorted(map(labels.system, services)))
        for services, words in ((rejected, _("dos recusados por %s")), (held, _("dos que esperaram por %s")))
        if services
    ]
    said = {"count": number(others), "elsewhere": " e ".join(elsewhere)}
    if elsewhere:
        message = _("Itens que precisam de você: %(count)s, além %(elsewhere)s.")
    else:
        message = _("Itens que precisam de você: %(count)s.")
    yield Observation(
        others,
        message % said,
        list_url("events_deadletter"),
        past=_("Havia itens demais que precisavam de você: %(count)s.") % said,
    )
