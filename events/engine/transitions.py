"""The only place that moves a delivery, with all that a move brings with it.

Rows are locked in one order: deliveries by id, events by id, and groups of dead letters last. A dead letter
comes, changes and goes only in a transaction that holds its delivery's row, so nobody who holds that waits
for a dead letter. What an app keeps beside a delivery is locked after it (`lock` is for a caller that has to
begin there).
Every move is conditional: what is no longer where the move starts is left alone, and is missing from what the
function returns. The table of moves and their statements are in `events.engine.moves`.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import HUB, Audited
from carinho.database import run, run_rows
from carinho.webhooks import lifecycle
from events.engine import group_status, moves, wakeup
from events.engine.attempt import Claim, Result
from events.engine.group_status import GroupKey
from events.engine.moves import DEAD, DONE, QUEUED, SKIPPED, WAITING
from events.engine.partitions import Partition
from events.models import DeadLetterStatus, SkipCause

in_transaction = transaction.atomic(savepoint=False)  # a caller's own transaction is all or nothing too

OPEN = DeadLetterStatus.OPEN.value
CLOSED = (DeadLetterStatus.RESOLVED.value, DeadLetterStatus.ARCHIVED.value)

RETRIED = Audited("dead_letter.retry", _("reenviou"))
TAKEN_BACK = Audited("dead_letter.take_back", _("desistiu do reenvio, antes de sair"))
ARCHIVED = Audited("dead_letter.archive", _("arquivou"))
RESTORED = Audited("dead_letter.restore", _("restaurou"))
TRIED_NOW = Audited("delivery.try_now", _("tentou agora"))
GIVEN_UP = Audited("delivery.give_up", _("desistiu"))
CANCELLED = Audited("delivery.cancel", _("tirou da fila o que não saiu"))
SUPERSEDED = Audited("dead_letter.supersede", _("encerrou: um evento mais novo já fez o mesmo"))

SKIP_NOTES = {  # what a dead letter says when its delivery was skipped
    SkipCause.EXPIRED: _("Passou da hora de ser útil."),
    SkipCause.UNWANTED: _("A pessoa pediu para não receber."),
}


class Failure(NamedTuple):
    """Why a delivery is for a person; without a reason, its own last error is the reason."""

    id: int
    kind: str
    cause: str
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """What a person or the hub decided: who, what, and what the dead letter says of it."""

    actor: str
    action: Audited
    note: str | None = None  # written on the dead letter; None leaves the one that stands there


class Moved(NamedTuple):
    id: int
    event_id: int
    service: str
    status: str
    is_awaited: bool


class KnownDeadLetter(NamedTuple):
    id: int
    group: GroupKey


DeadLetters = dict[int, KnownDeadLetter]  # of these deliveries, by the delivery's id


# --- by a lane ------------------------------------------------------------------------------------


def claim(lane: str, places: int, *, is_probe: bool = False) -> list[Claim]:
    """Take up to so many due deliveries under a lease, oldest due first; per person only the first.

    Nothing is taken of a person while one of theirs runs, nor of a system that is paused, offline, or asked
    to be left alone: what holds is asked in the one statement, so it holds from the moment it was written.
    """
    partition = Partition.named(lane)
    statement = moves.CLAIM if partition.of == 1 else moves.CLAIM_IN_PARTITION
    try:
        claimed = _claims(statement, vars(partition) | {"places": places}, is_probe=is_probe)
    except IntegrityError:  # another claimer took the same person first: the next round sees it
        return []
    return sorted(claimed, key=lambda item: (item.due_at, item.id))


def _claims(statement: str, given: Mapping[str, Any], *, is_probe: bool = False) -> list[Claim]:
    lease_ends = time.monotonic() + settings.LEASE_SECONDS  # from before: a slow answer makes it no longer
    rows = run(statement, {**given, "lease": settings.LEASE_SECONDS})
    return [Claim.read(row, is_probe=is_probe, lease_ends=lease_ends) for row in rows]


def renew(claims: Sequence[Claim]) -> dict[int, datetime]:
    """Lengthen the leases that are still held; the new ones by delivery."""
    given = {"ids": [claim.id for claim in claims], "leases": [claim.lease for claim in claims]}
    return dict(run(moves.RENEW, given | {"lease": settings.LEASE_SECONDS}))


@in_transaction
def end(results: Sequence[Result]) -> set[int]:
    """Write where these claims end, with their attempts, if one was made.

    Returns the ids of those whose lease was still held, not taken by another run.
    """
    rows = run_rows(moves.END, [_end_row(result) for result in results])
    moved = [Moved(*row) for *row, _is_locked in rows]
    ids = {row.id for row in moved}
    mine = [result for result in results if result.claim.id in ids]
    failures = [
        Failure(result.claim.id, result.outcome, result.cause, result.error)
        for result in mine
        if result.status == DEAD
    ]
    over = [result.claim.id for result in mine if result.status != QUEUED and result.claim.has_dead_letter]
    changed = {result.claim.id for result in mine if result.outcome or result.skip_cause}
    are_locked = all(is_locked for id, *_moved, is_locked in rows if id in changed)
    changed_rows = [row for row in moved if row.id in changed]
    _apply_consequences(changed_rows, _dead_letters_of(over), failures, wakes=False, are_locked=are_locked)
    return ids


def _end_row(result: Result) -> dict[str, Any]:
    return {
        "id": result.claim.id,
        "lease": result.claim.lease,
        "status": result.status,
        "outcome": result.outcome,
        "due_at": result.due_at,
        "attempts": result.attempts,
        "held_since": result.held_since,
        "in_doubt_since": result.in_doubt_since,
        "value": result.value,
        "skip_cause": result.skip_cause,
        "error": result.error,
        "started_at": result.started_at,
        "duration_ms": result.duration_ms,
        "is_probe": result.claim.is_probe,
        "status_code": result.status_code,
        "sent": result.sent,
        "answered": result.answered,
        "redirects": result.claim.redirects,
    }


# --- by recovery ----------------------------------------------------------------------------------


def recover(ids: Sequence[int], *, look_first: Sequence[str]) -> set[int]:
    """Queue deliveries whose lease lapsed; in the systems `look_first` the next looks for the last."""
    return _move(moves.RECOVER, ids, look_first=list(look_first))


def fail_lapsed(failures: Sequence[Failure], *, error: str) -> set[int]:
    return _move(moves.FAIL_LAPSED, [failure.id for failure in failures], failures, error=error)


def fail_held(failures: Sequence[Failure], *, error: str) -> set[int]:
    return _move(moves.FAIL_HELD, [failure.id for failure in failures], failures, error=error)


def expire(ids: Sequence[int]) -> set[int]:
    """Skip what is no longer useful; what may have been sent already is looked for first."""
    return _move(moves.EXPIRE, ids)


@in_transaction
def supersede(later: Mapping[int, int]) -> list[int]:
    """Close open dead letters by what later events did, named for each. Returns those that were open.

    One that another step waits for stays.
    """
    closed = _move_dead_letters(moves.SUPERSEDE, list(later), Decision(HUB, SUPERSEDED), {"by": later})
    if closed:
        run_rows(moves.SUPERSEDED_BY, [{"id": id, "event_id": later[id]} for id in closed])
    return closed


# --- by an operator -------------------------------------------------------------------------------


@in_transaction
def requeue(dead_letter_ids: Sequence[int], *, actor: str) -> list[int]:
    """Send failed deliveries again, with all their attempts. Returns the dead letters that were open."""
    return _move_dead_letters(moves.REQUEUE, dead_letter_ids, Decision(actor, RETRIED, note=""), {})


def if_requeued(dead_letter_ids: Sequence[int]) -> list[Claim]:
    """What `claim` would take of these if they were sent again now. Moves nothing."""
    return _claims(moves.IF_REQUEUED, {"ids": list(dead_letter_ids)})


def if_due(ids: Sequence[int]) -> list[Claim]:
    """What `claim` would take of these queued deliveries once each is due. Moves nothing."""
    return _claims(moves.IF_DUE, {"ids": list(ids)})


@in_transaction
def take_back(dead_letter_ids: Sequence[int], *, actor: str) -> list[int]:
    """Undo a requeue of what was not begun since. Returns the dead letters that are open again."""
    return _move_dead_letters(moves.TAKE_BACK, dead_letter_ids, Decision(actor, TAKEN_BACK), {})


@in_transaction
def archive(dead_letter_ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Close open dead letters that need no delivery. Returns those that were open."""
    decision = Decision(actor, ARCHIVED, note=reason)
    return _move_dead_letters(moves.ARCHIVE, dead_letter_ids, decision, {"note": reason})


@in_transaction
def restore(dead_letter_ids: Sequence[int], *, actor: str) -> list[int]:
    """Open again what was archived, or closed by what a later event did. Returns those that were."""
    return _move_dead_letters(moves.RESTORE, dead_letter_ids, Decision(actor, RESTORED), {})


@in_transaction
def make_due(ids: Sequence[int], *, actor: str) -> list[int]:
    """Let deliveries that failed before be tried again at once. Returns those that were waiting for it."""
    moved = _run_move(moves.MAKE_DUE, ids)
    _record(Decision(actor, TRIED_NOW), [row.id for row in moved], {})
    _wake(moved)
    return [row.id for row in moved]


@in_transaction
def give_up(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """No further attempt: these become archived dead letters. Returns those that were waiting for one."""
    given_up = [row.id for row in _run_move(moves.GIVE_UP, ids)]
    previous_groups = {before.group for before in _dead_letters_of(given_up).values()}
    _open_dead_letters([Failure(id, "unavailable", "max_retries_exceeded") for id in given_up])
    decision = Decision(actor, GIVEN_UP, note=reason)
    _apply_consequences(
        _run_move(moves.ARCHIVE, given_up),
        _dead_letters_of(given_up),
        decision=decision,
        previous_groups=previous_groups,
    )
    _record(decision, given_up, {"note": reason})
    return given_up


@in_transaction
def cancel(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Skip what was not sent yet; what may have been sent stays. Returns those that were skipped."""
    moved = _run_move(moves.CANCEL, ids)
    decision = Decision(actor, CANCELLED, note=reason)
    _apply_consequences(moved, _dead_letters_of([row.id for row in moved]), decision=decision)
    _record(decision, [row.id for row in moved], {"reason": reason})
    return [row.id for row in moved]


# --- after a correction of the event's data -------------------------------------------------------


def retarget(rows: Sequence[Mapping[str, Any]]) -> None:
    """Give deliveries that are not running or over another `subject` and `useful_until`, by their `id`."""
    if rows:
        run_rows(moves.RETARGET, rows)


@in_transaction
def add(rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the steps that an event causes only now: queued, or waiting for the earlier one as any other."""
    if rows:
        _apply_consequences([Moved(*row) for row in run_rows(moves.ADD, rows)], {})


# --- by a late receipt ----------------------------------------------------------------------------


def confirm(delivery_id: int) -> bool:
    """Mark as done what got through after all. False unless dead or queued: what runs ends by itself."""
    return bool(_move(moves.CONFIRM, [delivery_id]))


def mark_failed(delivery_id: int, *, cause: str, reason: str) -> bool:
    """Hand to a person what was wrongly taken as done. False if it was not done."""
    return bool(
        _move(
            moves.MARK_FAILED, [delivery_id], [Failure(delivery_id, "rejected", cause, reason)], error=reason
        )
    )


def lock(delivery_ids: Iterable[int]) -> None:
    """Lock these deliveries, and their dead letters with them, before a caller locks what it keeps beside.

    Whoever holds a message's row and then moves its delivery would wait for a move that waits for the row.
    """
    ids = list(delivery_ids)
    if ids:
        run(moves.LOCK_DELIVERIES, [ids])


def lock_for_moves(delivery_ids: Iterable[int]) -> None:
    """Lock all that moves of these deliveries touch, for a caller that makes several in one transaction.

    Each move keeps the order of locks; a second one would lock events and groups after the first's groups.
    """
    ids = list(delivery_ids)
    if ids:
        lock(ids)
        run(moves.LOCK_EVENTS_OF, [ids])
        run(moves.LOCK_GROUPS_OF, [ids])


def lock_dead_letters(dead_letter_ids: Iterable[int]) -> None:
    """`lock` for a caller that knows the dead letters: none of them changes until the transaction ends."""
    lock(_delivery_ids(dead_letter_ids))


# --- the one tail ---------------------------------------------------------------------------------


@in_transaction
def _move(
    statement: str, ids: Sequence[int], failures: Sequence[Failure] = (), **parameters: Any
) -> set[int]:
    if not ids:
        return set()
    moved = _run_move(statement, ids, **parameters)
    _apply_consequences(moved, _dead_letters_of([row.id for row in moved]), failures)
    return {row.id for row in moved}


def _move_dead_letters(
    statement: str, dead_letter_ids: Sequence[int], decision: Decision, detail: Mapping[str, Any]
) -> list[int]:
    moved = _run_move(statement, _delivery_ids(dead_letter_ids))
    dead_letters = _dead_letters_of([row.id for row in moved])
    _apply_consequences(moved, dead_letters, decision=decision)
    moved_dead_letters = sorted(dead_letters[row.id].id for row in moved)
    systems = sorted({row.service for row in moved})
    _record(decision, moved_dead_letters, {"systems": systems, **detail})
    return moved_dead_letters


def _delivery_ids(dead_letter_ids: Iterable[int]) -> list[int]:
    return [id for (id,) in run(moves.DELIVERIES_OF_DEAD_LETTERS, [list(dead_letter_ids)])]


def _dead_letters_of(delivery_ids: Sequence[int]) -> DeadLetters:
    """Read once the deliveries are held: nobody else opens, moves or closes one from then on."""
    rows = run(moves.DEAD_LETTERS_OF, [list(delivery_ids)]) if delivery_ids else []
    return {delivery_id: KnownDeadLetter(id, GroupKey(*key)) for delivery_id, id, *key in rows}


def _run_move(statement: str, ids: Sequence[int], **parameters: Any) -> list[Moved]:
    return sorted(Moved(*row) for row in run(statement, {"ids": list(ids), **parameters}))


def _apply_consequences(
    moved: Sequence[Moved],
    dead_letters: DeadLetters,
    failures: Sequence[Failure] = (),
    *,
    decision: Decision | None = None,
    previous_groups: Iterable[GroupKey] = (),
    wakes: bool = True,
    are_locked: bool = False,
) -> None:
    """Do what every move brings with it: dead letters, followers, the event's status, groups, a wake-up.

    `dead_letters` are those the deliveries had, in the groups they are in now; `previous_groups` are others
    that a move before this one took them out of. `failures` open a dead letter each. Without `wakes` only the
    lanes of released followers are woken. `are_locked` says that the move itself locked the events.
    """
    ids = {row.id for row in moved}
    actor, note = (decision.actor, decision.note) if decision else (None, None)
    opened = _open_dead_letters([failure for failure in failures if failure.id in ids])
    with_dead_letter = sorted((ids & dead_letters.keys()) - {failure.id for failure in failures})
    if with_dead_letter:
        skip_notes = {cause.value: str(sentence) for cause, sentence in SKIP_NOTES.items()}
        given = {"ids": with_dead_letter, "actor": actor, "note": note, "skip_notes": json.dumps(skip_notes)}
        rows = run(moves.DEAD_LETTERS_FOLLOW, given)
        lifecycle.write([fact for row in rows for fact in _facts(*row)])
    released = _move_followers(moved)
    update_event_status((row.event_id for row in moved), are_locked=are_locked)
    groups = {*previous_groups, *(dead_letters[id].group for id in ids & dead_letters.keys())}
    closed = [dead_letters[id].id for id in with_dead_letter]
    group_status.update(opened, groups, closed=closed, actor=actor)
    _wake([*moved, *released] if wakes else released)


def _open_dead_letters(failures: Sequence[Failure]) -> list[GroupKey]:
    """The groups of what was opened, one for each."""
    if not failures:
        return []
    rows = run_rows(moves.OPEN_DEAD_LETTERS, [failure._asdict() for failure in failures])
    lifecycle.write([fact for row in rows for fact in _facts(*(*row, "", OPEN))])
    return [GroupKey(service, step, cause) for service, step, cause, *_more in rows]


def _facts(
    service: str, step: str, cause: str, id: int, event_id: int, event_type: str, before: str, now: str
) -> Iterator[lifecycle.Fact]:
    """What others are told of a dead letter: that it needs a person, or that nobody has to look any more."""
    data = {
        "id": id,
        "event_id": event_id,
        "event_type": event_type,
        "service": service,
        "step": step,
        "cause": cause,
    }
    if now == OPEN and before != OPEN:
        yield "dlq.opened", data
    elif now in CLOSED and before not in CLOSED:
        yield "dlq.closed", data | {"status": now}


def _move_followers(moved: Iterable[Moved]) -> list[Moved]:
    """Queue the steps that waited for these, skip them if these will never happen, or let them wait again."""
    awaited: dict[str, list[int]] = {}
    for row in moved:
        if row.is_awaited:
            awaited.setdefault(row.status, []).append(row.id)
    released = _run_move(moves.RELEASE, awaited[DONE]) if DONE in awaited else []
    for status, statement in (
        (SKIPPED, moves.SKIP_FOLLOWER),
        (DEAD, moves.WAIT_AGAIN),
        (WAITING, moves.WAIT_AGAIN_TOO),
    ):
        if status in awaited:
            _move_followers(_run_move(statement, awaited[status]))
    return released


def update_event_status(event_ids: Iterable[int], *, are_locked: bool = False) -> None:
    """Write the status of these events, in the transaction that moved their deliveries and after the moves.

    The rows are locked, unless they are already, before the deliveries are looked at, so that of two lanes
    that finish at the same instant the second one sees what the first one wrote. The lock lets others refer
    to the event: an emitted event that names it as its cause does not wait.
    """
    ids = sorted(set(event_ids))
    if ids:
        if not are_locked:
            run(moves.LOCK_EVENTS, [ids])
        moved = run(moves.EVENTS_FOLLOW, [ids])
        failed = [
            {"id": id, "event_type": type, "source": source}
            for id, type, source, status in moved
            if status == "failed"
        ]
        lifecycle.write([("event.failed", data) for data in failed])


def _record(decision: Decision, ids: Sequence[int], detail: Mapping[str, Any]) -> None:
    if ids:
        target = ", ".join(map(str, ids))[:120]
        decision.action.record(decision.actor, target, {"ids": list(ids), **detail})


def _wake(moved: Iterable[Moved]) -> None:
    systems = {row.service for row in moved if row.status == QUEUED}
    if systems:
        transaction.on_commit(lambda: wakeup.wake_up(systems))
