"""A retry of many, in stages: one, then ten, then the rest in portions, each when the one before has ended.

The rows are the truth: each step locks the job, and one transaction writes what ended, sends the next portion
and writes that it was sent. A worker that dies in the middle leaves the job as it was before its step.
"""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import HUB, Audited
from carinho.database import run
from events import operations
from events.engine import transitions
from events.engine.failure_causes import NO_PERMISSION
from events.models import BulkItemState, BulkJob, BulkState
from events.superseded import overtaken

logger = logging.getLogger(__name__)

STARTED = Audited("bulk.start", _("começou um reenvio em etapas"))
STOPPED = Audited("bulk.stop", _("parou o reenvio: falha de outra causa"))
PAUSED = Audited("bulk.pause", _("pausou o reenvio"))
RESUMED = Audited("bulk.resume", _("continuou o reenvio"))
CANCELLED = Audited("bulk.cancel", _("cancelou o reenvio"))
UNDONE = Audited("bulk.undo", _("desfez o reenvio"))

FIRST, SECOND = 1, 10  # items of the first two stages
WAITING, SENT, TAKEN = BulkItemState.WAITING, BulkItemState.SENT, BulkItemState.TAKEN
LEFT, FAILED, OVERTAKEN = BulkItemState.LEFT, BulkItemState.FAILED, BulkItemState.OVERTAKEN
UNSENT = {WAITING, TAKEN, LEFT, OVERTAKEN}

FIND = "SELECT id, delivery_id, cause, service FROM events_deadletter WHERE id = ANY(%s)"

BIND = """
INSERT INTO events_bulkitem (job_id, dead_letter_id, position, failures, state, cause)
SELECT %s, id, row_number() OVER (ORDER BY id), failures,
       CASE WHEN delivery_id = ANY(%s) THEN 'overtaken' ELSE 'waiting' END, ''
FROM events_deadletter WHERE id = ANY(%s)
"""

STILL_WAITING = """
SELECT letter.service, letter.step, letter.cause, max(job.id), count(*)
FROM events_bulkjob AS job
JOIN events_bulkitem AS item ON item.job_id = job.id AND item.state = 'waiting'
JOIN events_deadletter AS letter ON letter.id = item.dead_letter_id AND letter.status = 'open'
WHERE job.ended_at IS NULL AND job.state IN ('running', 'paused')
GROUP BY letter.service, letter.step, letter.cause
"""

SETTLE = """
UPDATE events_bulkitem AS item
SET state = CASE WHEN dead.failures > item.failures THEN 'failed'
                 WHEN dead.status = 'resolved' THEN 'delivered'
                 WHEN dead.status = 'archived' THEN 'skipped' ELSE 'left' END,
    cause = CASE WHEN dead.failures > item.failures THEN dead.cause ELSE '' END
FROM events_deadletter AS dead
WHERE item.job_id = %s AND item.state = 'sent' AND dead.id = item.dead_letter_id
  AND (dead.failures > item.failures OR dead.status <> 'retrying')
RETURNING item.position, item.state, item.cause
"""

NEXT = """
SELECT item.dead_letter_id, dead.delivery_id, dead.status = 'open' AND dead.failures = item.failures,
       delivery.skip_cause = 'superseded'
FROM events_bulkitem AS item JOIN events_deadletter AS dead ON dead.id = item.dead_letter_id
JOIN events_delivery AS delivery ON delivery.id = dead.delivery_id
WHERE item.job_id = %s AND item.dead_letter_id = ANY(%s) ORDER BY dead.id
"""

MARK_SENT = """
UPDATE events_bulkitem SET state = CASE WHEN dead_letter_id = ANY(%s) THEN 'sent'
                                        WHEN dead_letter_id = ANY(%s) THEN 'overtaken' ELSE 'taken' END
WHERE job_id = %s AND dead_letter_id = ANY(%s)
"""


def still_waiting() -> dict[tuple[str, str, str], tuple[int, int]]:
    """By system, step and cause: the newest retry in which open items wait their turn, and how many."""
    rows = run(STILL_WAITING, [])
    return {(service, step, cause): (job, count) for service, step, cause, job, count in rows}


@transaction.atomic
def start_retry(ids: Sequence[int], actor: str, *, with_overtaken: bool = False) -> BulkJob:
    """Send these dead letters again, in stages; the first one goes at once.

    Bound to them as they are now: what somebody deals with before its turn is left to them. What something
    newer has overtaken, now or by then, stays open and is counted as such, unless `with_overtaken`. A
    rejected key stops it as a new cause does, also where it was rejected before: the others would be, too.
    """
    found = run(FIND, [list(ids)])
    later = {} if with_overtaken else overtaken([delivery for _id, delivery, _cause, _service in found])
    causes = {cause for _id, _delivery, cause, _service in found}
    job = BulkJob.objects.create(
        actor=actor,
        total=len(found),
        causes=sorted(causes - {NO_PERMISSION}),
        with_overtaken=with_overtaken,
    )
    run(BIND, [job.pk, list(later), list(ids)])
    detail = {
        "ids": sorted(id for id, *_more in found),
        "systems": sorted({service for *_more, service in found}),
    }
    STARTED.record(actor, f"bulk_job {job.pk}", detail)
    _step(job)
    return job


def advance_all() -> None:
    """One step of every job that has not ended. Safe to call anywhere and at any time."""
    for job_id in BulkJob.objects.filter(ended_at=None).order_by("pk").values_list("pk", flat=True):
        try:
            advance(job_id)
        except Exception:
            logger.exception("Bulk job was not advanced", extra={"bulk_job": job_id})


@transaction.atomic
def advance(job_id: int) -> None:
    """See what ended, and send the next portion if it is time. Does nothing while another process does."""
    locked = BulkJob.objects.select_for_update(skip_locked=True)
    if job := locked.filter(pk=job_id, ended_at=None).first():
        _step(job)


def _step(job: BulkJob) -> None:
    ended = run(SETTLE, [job.pk])
    is_going = job.state in (BulkState.RUNNING, BulkState.PAUSED)
    new = sorted(
        (where, cause) for where, state, cause in ended if state == FAILED and cause not in job.causes
    )
    if new and is_going:
        _stop(job, *new[0])
    if job.state == BulkState.RUNNING:
        _send(job)
    counts = counts_of(job)
    has_more = job.state != BulkState.CANCELLED and counts[WAITING]
    if not (counts[SENT] or has_more):
        job.state = BulkState.CANCELLED if job.state == BulkState.CANCELLED else BulkState.DONE
        job.ended_at = timezone.now()
        job.save(update_fields=["state", "ended_at"])


def _stop(job: BulkJob, position: int, cause: str) -> None:
    job.state, job.stopped_at, job.stop_cause = BulkState.STOPPED, position, cause
    job.moved_by = HUB
    job.save(update_fields=["state", "stopped_at", "stop_cause", "moved_by"])
    _take_back(job, HUB)
    STOPPED.record(HUB, f"bulk_job {job.pk}", {"position": position, "cause": cause})


def _send(job: BulkJob) -> None:
    counts = counts_of(job)
    portion, most_on_their_way = _stage(sum(counts[state] for state in counts if state not in UNSENT))
    if not counts[WAITING] or counts[SENT] > most_on_their_way:
        return
    waiting = job.items.filter(state=WAITING).order_by("dead_letter_id")
    ids = list(waiting.values_list("dead_letter_id", flat=True)[:portion])
    transitions.lock_dead_letters(ids)
    found = run(NEXT, [job.pk, ids])
    open_ones = {delivery: id for id, delivery, is_open, _is_superseded in found if is_open}
    later = {} if job.with_overtaken else overtaken(list(open_ones))
    moved = operations.retry(
        [id for delivery, id in open_ones.items() if delivery not in later], actor=job.actor
    )
    left = [id for id, delivery, _is_open, is_superseded in found if is_superseded or delivery in later]
    run(MARK_SENT, [moved, left, job.pk, ids])


def _stage(sent: int) -> tuple[int, int]:
    """How many go next, once how many of those before are at most still on their way."""
    if sent < FIRST:
        return FIRST, 0
    if sent < FIRST + SECOND:
        return SECOND, 0
    is_third = sent == FIRST + SECOND
    return operations.AT_ONCE, (SECOND if is_third else operations.AT_ONCE) // 10


def _take_back(job: BulkJob, actor: str, *, becomes: BulkItemState = WAITING) -> None:
    """Open again what is queued and not begun; what runs or ran goes on to its end."""
    sent = job.items.filter(state=SENT)
    back = operations.take_back(list(sent.values_list("dead_letter_id", flat=True)), actor=actor)
    sent.filter(dead_letter_id__in=back).update(state=becomes)


def counts_of(job: BulkJob) -> dict[str, int]:
    """How many of its items are in each state."""
    rows = run("SELECT state, count(*) FROM events_bulkitem WHERE job_id = %s GROUP BY state", [job.pk])
    return dict.fromkeys(BulkItemState.values, 0) | dict(rows)


# --- what a person may do -------------------------------------------------------------------------


def pause(ids: Sequence[int], *, actor: str) -> list[int]:
    """Send nothing more; what was not begun is open meanwhile. Returns the ids that were running."""
    return [id for id in ids if _paused(id, actor)]


def resume(ids: Sequence[int], *, actor: str) -> list[int]:
    """Go on, also over the causes that failed so far. Returns the ids that were paused or stopped."""
    return [id for id in ids if _resumed(id, actor)]


def cancel(ids: Sequence[int], *, actor: str) -> list[int]:
    """Send nothing more; what was not begun stays open. Returns the ids that had not ended."""
    return [id for id in ids if _cancelled(id, actor, CANCELLED)]


def undo(ids: Sequence[int], *, actor: str) -> list[int]:
    """`cancel` by who started it, within a minute. Returns the ids for which that was so."""
    since = timezone.now() - operations.UNDO_WINDOW
    mine = BulkJob.objects.filter(pk__in=ids, actor=actor, created_at__gte=since)
    return [id for id in mine.values_list("pk", flat=True) if _cancelled(id, actor, UNDONE)]


@transaction.atomic
def _paused(id: int, actor: str) -> bool:
    job = BulkJob.objects.select_for_update().filter(pk=id, state=BulkState.RUNNING).first()
    if job:
        _take_back(job, actor)
        _write(job, BulkState.PAUSED, actor, PAUSED)
    return bool(job)


@transaction.atomic
def _resumed(id: int, actor: str) -> bool:
    halted = (BulkState.PAUSED, BulkState.STOPPED)
    job = BulkJob.objects.select_for_update().filter(pk=id, state__in=halted).first()
    if job:
        seen = job.items.filter(state=FAILED).values_list("cause", flat=True).distinct()
        job.causes = sorted({*job.causes, *seen})
        _write(job, BulkState.RUNNING, actor, RESUMED)
        _step(job)
    return bool(job)


@transaction.atomic
def _cancelled(id: int, actor: str, action: Audited) -> bool:
    unfinished = (BulkState.RUNNING, BulkState.PAUSED, BulkState.STOPPED)
    job = BulkJob.objects.select_for_update().filter(pk=id, state__in=unfinished).first()
    if job:
        _take_back(job, actor, becomes=LEFT)
        job.items.filter(state=WAITING).update(state=LEFT)
        _write(job, BulkState.CANCELLED, actor, action)
        _step(job)
    return bool(job)


def _write(job: BulkJob, state: BulkState, actor: str, action: Audited) -> None:
    job.state, job.moved_by = state, actor
    job.save(update_fields=["state", "moved_by", "causes"])
    action.record(actor, f"bulk_job {job.pk}")
