"""Deliveries that need a person, by what failed: the limits are for all, the reasons are causes in a system.

What a system rejects or keeps waiting is part of that system's alert.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console import labels
from carinho.console.labels import number
from events import titles
from events.dead_letter_counts import Kind
from events.engine.failure_causes import HELD_TOO_LONG
from monitoring.labels import list_url
from monitoring.metrics import DeadLetterKind
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot, Unmeasured

MOST = 4  # alerts at once: on a bad day the other causes are one


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
    """A cause over the limit by itself is a reason, the others are one; the first is as grave as all."""
    explained = _explained(hub)
    left = Counter(hub.dead_letters["by_kind"]) - explained
    try:
        kinds = hub.largest_kinds
    except Unmeasured:  # which there are is known all the same, so that their alerts go on
        kinds = [DeadLetterKind(service, cause, titles.cause(cause).title) for service, cause in left]
    named = [kind for kind in kinds if dead_letters.is_over(left[kind.key], Severity.WARNING)][:MOST]
    for kind in named:
        yield _cause(kind, left, explained, value=left.total() if kind is named[0] else left[kind.key])
    for kind in named:
        del left[kind.key]
    yield _others(left, explained, is_all=not named)


def _explained(hub: HubSnapshot) -> Counter[Kind]:
    """The items that are part of another alert."""
    by_kind, found = Counter[Kind](hub.dead_letters["by_kind"]), Counter[Kind]()
    with suppress(Unmeasured):  # then these items are counted, for how many wait is known all the same
        for service, rejection in hub.rejecting.items():
            amount = rejection.open_items
            for cause in sorted(rejection.causes, key=lambda cause: -by_kind[service, cause]):
                found[service, cause] = min(amount, by_kind[service, cause])
                amount -= found[service, cause]
    with suppress(Unmeasured):
        for rejection in hub.left_by_rejections:
            for (_step, cause), amount in rejection.left.items():
                found[rejection.service, cause] += amount
    with suppress(Unmeasured):
        found.update({(service, HELD_TOO_LONG): amount for service, amount in hub.left_by_outages.items()})
    return +(found & by_kind)  # of which those counts know a moment later


def _cause(kind: DeadLetterKind, left: Counter[Kind], explained: Counter[Kind], *, value: int) -> Observation:
    amount = left[kind.key]
    items = ngettext("%s item", "%s itens", amount) % number(amount)
    title = f"{labels.system(kind.service)} · {kind.title}"
    message = f"{title}: {items}"
    if kind.key in explained:  # the people are those of all
        message += _beside([kind.key])
    elif kind.people:
        message += " " + ngettext("de %s pessoa", "de %s pessoas", kind.people) % number(kind.people)
    past = ngettext("%(title)s: era %(items)s.", "%(title)s: eram %(items)s.", amount)
    return Observation(
        value,
        f"{message}.",
        list_url("events_deadletter", f"service={kind.service}&cause={kind.cause}"),
        past=past % {"title": title, "items": items},
        subject=f"{kind.service}:{kind.cause}",
        shown=number(amount),
    )


def _others(left: Counter[Kind], explained: Counter[Kind], *, is_all: bool) -> Observation:
    said = {"count": number(left.total()), "causes": number(len(left))}
    message = (
        _("Itens que precisam de você: %(count)s")
        if is_all
        else _("Outros itens que precisam de você: %(count)s")
    )
    if len(left) > 1:
        message += _(", de %(causes)s falhas diferentes")
    return Observation(
        left.total(),
        f"{message % said}{_beside(explained)}.",
        list_url("events_deadletter"),
        past=_("Havia itens demais que precisavam de você: %(count)s.") % said,
    )


def _beside(explained: Collection[Kind]) -> str:
    """Which items are not counted, because they belong to another alert."""
    held = {service for service, cause in explained if cause == HELD_TOO_LONG}
    rejected = {service for service, cause in explained if cause != HELD_TOO_LONG}
    parts = [
        words % " e ".join(sorted(map(labels.system, services)))
        for services, words in ((rejected, _("dos recusados por %s")), (held, _("dos que esperaram por %s")))
        if services
    ]
    return _(", além %s") % " e ".join(parts) if parts else ""
