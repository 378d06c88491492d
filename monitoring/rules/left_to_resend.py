"""What a system that rejected everything, or our key, left open once it accepts again: it is sent again."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console.labels import number
from events.rejecting_systems import Rejection
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Itens para reenviar: o sistema voltou a aceitar"),
    unit=ngettext_lazy("item", "itens", "count"),
    warning=1,
    at_least=True,
    continues=("rejects_everything", "rejects_key", "rejects_probes"),
    steps=(
        Instruction(
            gettext_lazy("Os dados estão certos: use Reenviar, na falha. O que já chegou não se repete."),
            "events_deadletter_changelist",
            gettext_lazy("Ver as falhas"),
        ),
    ),
)
def left_to_resend(hub: HubSnapshot) -> Iterator[Observation]:
    """By system. While it refuses again, or is away, that is its trouble."""
    busy = hub.rejecting.keys() | {breaker.service for breaker in hub.breakers if breaker.holds}
    by_service: dict[str, list[Rejection]] = {}
    for rejection in hub.left_by_rejections:
        if rejection.service not in busy:
            by_service.setdefault(rejection.service, []).append(rejection)
    for service, over in by_service.items():
        newest, items = max(over, key=lambda each: each.since), sum(each.open_items for each in over)
        amount = ngettext("%s item para reenviar", "%s itens para reenviar", items) % number(items)
        causes = {cause for each in over for _step, cause in each.left}
        query = f"service={service}"
        if len(over) == 1 and not newest.is_key:
            query += f"&rejected={newest.period}"
        elif len(causes) == 1:
            query += f"&cause={causes.pop()}"
        yield Observation(
            items,
            f"{newest.sentence.removesuffix('.')}: {amount}.",
            list_url("events_deadletter", query),
            past=_("%(sentence)s O que faltava foi reenviado.") % {"sentence": newest.sentence},
            subject=service,
            systems=(service,),
        )
