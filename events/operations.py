"""What a person may do with deliveries: retry, archive, restore what failed; hasten or cancel what waits.

One row or all that match, the same way, in transactions that each hold few of them.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from carinho.console import labels
from events.engine import transitions
from events.models import DeadLetter, DeadLetterStatus, Delivery, DeliveryStatus

AT_ONCE = 500  # rows moved in one transaction
UNDO_WINDOW = timedelta(seconds=60)  # how long a person may undo what they did


def retry(ids: Sequence[int], *, actor: str) -> list[int]:
    """Queue the failed deliveries again, with their idempotency keys and all their attempts.

    Returns the ids that were open and are now being retried; what somebody else moved first is not
    among them. An item closes only when its delivery succeeds.
    """
    return in_portions(lambda portion: transitions.requeue(portion, actor=actor), ids)


def take_back(ids: Sequence[int], *, actor: str) -> list[int]:
    """Undo a retry as far as it was not begun. Returns the ids that are open again."""
    return in_portions(lambda portion: transitions.take_back(portion, actor=actor), ids)


def archive(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Close open items that need no delivery any more. Returns the ids that were open."""
    return in_portions(lambda portion: transitions.archive(portion, actor=actor, reason=reason), ids)


def restore(ids: Sequence[int], *, actor: str) -> list[int]:
    """Open archived items again. Returns the ids that were archived."""
    return in_portions(lambda portion: transitions.restore(portion, actor=actor), ids)


def undo_archive(ids: Sequence[int], *, actor: str) -> list[int]:
    """Restore what this person archived within the last minute. Returns the ids for which that was so."""
    return in_portions(lambda portion: _undo_archive(portion, actor), ids)


@transaction.atomic
def _undo_archive(portion: Sequence[int], actor: str) -> list[int]:
    transitions.lock_dead_letters(portion)
    mine = DeadLetter.objects.filter(
        pk__in=portion,
        status=DeadLetterStatus.ARCHIVED,
        moved_by=actor,
        closed_at__gte=timezone.now() - UNDO_WINDOW,
    )
    return transitions.restore(list(mine.values_list("pk", flat=True)), actor=actor)


def moved_meanwhile(dead_letter: DeadLetter) -> str:
    """What became of an item since its page was shown, and by whom, for who comes second."""
    who = labels.who(dead_letter.moved_by)
    match dead_letter.status:
        case DeadLetterStatus.ARCHIVED:
            return _("%s já arquivou este item.") % who if who else _("Este item já foi arquivado.")
        case DeadLetterStatus.RESOLVED:
            return _("A entrega já foi feita: não há mais o que fazer.")
        case DeadLetterStatus.RETRYING:
            return _("%s já reenviou este item.") % who if who else _("Este item já foi reenviado.")
    return _("Este item já foi reenviado e falhou de novo: veja o motivo de agora.")


def retrying() -> QuerySet[Delivery]:
    """The deliveries that failed at least once and are queued for another attempt."""
    return Delivery.objects.filter(status=DeliveryStatus.QUEUED, attempts__gt=0)


def try_now(ids: Sequence[int], *, actor: str) -> list[int]:
    """Make these due at once. Returns the ids that were still waiting for another attempt."""
    return in_portions(lambda portion: transitions.make_due(portion, actor=actor), ids)


def give_up(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """No further attempt: these become archived items, which a person may restore.

    Returns the ids that were still waiting for another attempt.
    """
    return in_portions(lambda portion: transitions.give_up(portion, actor=actor, reason=reason), ids)


def cancel(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Skip what was not sent yet, because nobody needs it any more; what may have been sent already stays.

    Returns the ids that were skipped.
    """
    return in_portions(lambda portion: transitions.cancel(portion, actor=actor, reason=reason), ids)


def in_portions(move: Callable[[Sequence[int]], list[int]], ids: Sequence[int]) -> list[int]:
    """Move the rows of these ids, each once, so many to a transaction. Returns those that were moved."""
    ordered = sorted(set(ids))
    portions = (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))
    return [moved for portion in portions for moved in move(portion)]
