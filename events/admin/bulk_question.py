"""What the page that asks about many items counts: those that the click moves, and why not the others."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from carinho.console.base import ids_in, list_of
from carinho.console.filters import ChoiceFilter
from events import rejected_service_keys
from events.models import DeadLetter, DeadLetterStatus, SkipCause
from events.superseded import overtaken

MOST_LISTED = 300  # their numbers stand in an address
SUPERSEDED = SkipCause.SUPERSEDED.value  # resolved by what a later event did: it may be restored


class OvertakenFilter(ChoiceFilter):
    """The items that a question found overtaken; only its link leads here."""

    parameter_name = "overtaken"
    title = _lazy("ultrapassados")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        count = len(_ids(asked := request.GET.get("overtaken", "")))
        return [(asked, ngettext("%d item", "%d itens", count) % count)] if count else []

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset.filter(pk__in=_ids(str(value)))


def _ids(asked: str) -> list[int]:
    return ids_in(asked.split(",")[:MOST_LISTED])


def overtaken_list(ids: Sequence[int]) -> str:
    """The address of the list of these, or of as many as it shows."""
    return list_of(DeadLetter, f"overtaken={','.join(map(str, ids[:MOST_LISTED]))}")


@dataclass(frozen=True)
class RetriedItems:
    """Which go now, and which only by a second yes; of the overtaken, the later event."""

    now: list[int]
    overtaken: dict[int, int]
    rejected_key: list[int]


def retried(
    ids: Sequence[int], *, with_overtaken: bool = False, with_rejected_key: bool = False
) -> RetriedItems:
    """What a retry of these sends, by the yeses given. One alone of its system finds out how the key is."""
    later: dict[int, int] = {}
    if not with_overtaken:
        deliveries = dict(DeadLetter.objects.filter(pk__in=ids).values_list("delivery_id", "pk"))
        later = {deliveries[delivery]: event for delivery, event in overtaken(list(deliveries)).items()}
    left = [id for id in ids if id not in later]
    keys = rejected_service_keys.of(left) if len(left) > 1 and not with_rejected_key else {}
    of_system = Counter(key.service for key in keys.values())
    barred = {id for id, key in keys.items() if of_system[key.service] > 1}
    return RetriedItems([id for id in left if id not in barred], later, sorted(barred))


def with_yes(says: Callable[[int], str], ids: Sequence[int], asked: RetriedItems) -> dict[str, str]:
    """What the button says once a second yes is given: by the names of the yeses, the sum and its parts."""
    offered = [("overtaken", asked.overtaken), ("rejected_key", asked.rejected_key)]
    names = [name for name, left in offered if left]
    if not asked.now and len(names) == 1:  # without this yes nothing goes: it is counted already
        return {}
    said = {}
    for given in [(name,) for name in names] + ([tuple(names)] if len(names) > 1 else []):
        sent = retried(ids, **{f"with_{name}": True for name in given}).now
        parts = Counter(
            "overtaken" if id in asked.overtaken else "rejected_key" if id in asked.rejected_key else "plain"
            for id in sent
        )
        said[" ".join(given)] = ": ".join(filter(None, [says(len(sent)), _parts(parts)]))
    return said


def _parts(parts: Counter[str]) -> str:
    """Such as "6 normais e 4 ultrapassadas"; empty where all are of one kind."""
    if len(parts) < 2:
        return ""
    counted = (
        (ngettext("%d normal", "%d normais", parts["plain"]), parts["plain"]),
        (ngettext("%d ultrapassada", "%d ultrapassadas", parts["overtaken"]), parts["overtaken"]),
        (
            ngettext("%d com a chave recusada", "%d com a chave recusada", parts["rejected_key"]),
            parts["rejected_key"],
        ),
    )
    *others, last = [words % count for words, count in counted if count]
    return _("%(others)s e %(last)s") % {"others": ", ".join(others), "last": last}


def movable(ids: Sequence[int], *, is_restore: bool) -> tuple[list[int], list[str]]:
    """Those of these that can be moved as they are now, and what became of the others, in sentences."""
    rows = DeadLetter.objects.filter(pk__in=ids).order_by("pk")
    states = {
        id: SUPERSEDED if cause == SUPERSEDED else status
        for id, status, cause in rows.values_list("pk", "status", "delivery__skip_cause")
    }
    wanted = {DeadLetterStatus.ARCHIVED.value, SUPERSEDED} if is_restore else {DeadLetterStatus.OPEN.value}
    left = Counter(state for state in states.values() if state not in wanted)
    return [id for id, state in states.items() if state in wanted], list(_why(left))


def _why(left: Counter[str]) -> Iterator[str]:
    for state, count in left.most_common():
        match state:
            case DeadLetterStatus.OPEN:
                words = ngettext("%d está em aberto", "%d estão em aberto", count)
            case DeadLetterStatus.RETRYING:
                words = ngettext("%d já foi reenviado", "%d já foram reenviados", count)
            case DeadLetterStatus.RESOLVED:
                words = ngettext("%d já foi entregue", "%d já foram entregues", count)
            case DeadLetterStatus.ARCHIVED:
                words = ngettext("%d já foi arquivado", "%d já foram arquivados", count)
            case _:
                words = ngettext(
                    "%d foi ultrapassado e encerrado sozinho",
                    "%d foram ultrapassados e encerrados sozinhos",
                    count,
                )
        yield words % count


def left_sentence(now: int, total: int, reasons: Sequence[str]) -> str:
    """Such as "11 de 64: 40 já foram entregues, 13 já foram arquivados." """
    numbers = {"now": now, "total": total, "reasons": ", ".join(reasons)}
    return _("%(now)d de %(total)d: %(reasons)s.") % numbers
