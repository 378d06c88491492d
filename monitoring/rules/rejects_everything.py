"""A system that answers and rejects every delivery: it is the system, and not the data."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from events.rejecting_systems import ENOUGH, Rejection
from monitoring.labels import list_url
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Sistema que recusa tudo"),
    unit=ngettext_lazy("recusa seguida", "recusas seguidas", "count"),
    warning=ENOUGH,
    critical=20,
    at_least=True,
    symptom_of=("circuit_breaker", "rejects_probes", "whatsapp_misconfigured"),
    steps=(
        Instruction(
            gettext_lazy("É o sistema, não os dados: não corrija nem arquive os itens."),
            "events_circuitbreaker_changelist",
            gettext_lazy("Ver os sistemas"),
        ),
        Instruction(
            gettext_lazy("Chame quem cuida do sistema."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
        Instruction(
            gettext_lazy(
                "Disseram que voltou? Reenvie um item. Voltou a aceitar? Use Reenviar, na falha, para os "
                "outros."
            ),
            "events_deadletter_changelist",
            gettext_lazy("Ver os itens"),
        ),
    ),
)
def rejects_everything(hub: HubSnapshot) -> Iterator[Observation]:
    """It ends with the first delivery that is accepted, or after a day without another rejection.

    What it left is a warning until it is sent again.
    """
    for service, rejection in hub.rejecting.items():
        if rejection.is_key:
            continue
        said = {"system": labels.system(service), "rejected": number(rejection.rejected)}
        yield Observation(
            rejection.rejected,
            rejection.sentence,
            list_url("events_deadletter", f"service={service}"),
            past=_("%(system)s recusou tudo o que recebia (%(rejected)s entregas).") % said,
            subject=service,
            systems=(service,),
        )
    yield from left_over(hub, is_key=False)


def left_over(hub: HubSnapshot, *, is_key: bool) -> Iterator[Observation]:
    """The items of what is over: it stays the same trouble until they are sent again.

    While the system refuses again, or is away, that is its trouble.
    """
    busy = hub.rejecting.keys() | {breaker.service for breaker in hub.breakers if breaker.holds}
    by_service: dict[str, list[Rejection]] = {}
    for rejection in hub.left_by_rejections:
        if rejection.is_key == is_key and rejection.service not in busy:
            by_service.setdefault(rejection.service, []).append(rejection)
    for service, over in by_service.items():
        newest, items = max(over, key=lambda each: each.since), sum(each.open_items for each in over)
        amount = ngettext("%s item para reenviar", "%s itens para reenviar", items) % number(items)
        causes = {cause for each in over for _step, cause in each.left}
        query = f"service={service}" + (f"&cause={causes.pop()}" if len(causes) == 1 else "")
        if len(over) == 1 and not is_key:
            query += f"&rejected={newest.period}"
        yield Observation(
            items,
            f"{newest.sentence.removesuffix('.')}: {amount}.",
            list_url("events_deadletter", query),
            past=_("%(sentence)s O que faltava foi reenviado.") % {"sentence": newest.sentence},
            subject=service,
            severity=Severity.WARNING,
            systems=(service,),
        )
