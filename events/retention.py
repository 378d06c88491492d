"""Growth: what was delivered or rejected goes soon, failures and what waits for a flow much later."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from carinho.retention import Kept
from events.models import DeadLetter, Event, EventStatus, Redirect, RejectedRequest

BATCH = 1000
MOST_REJECTED = 10_000


def _over(since: datetime) -> QuerySet[Event]:
    """Events that ended, and caused none that is still there."""
    later = Event.objects.filter(caused_by=OuterRef("pk"))
    ended = Event.objects.filter(
        received_at__lt=since, status__in=[EventStatus.PROCESSED, EventStatus.ARCHIVED]
    )
    return ended.filter(~Exists(later))


def _has_letter() -> Exists:
    return Exists(DeadLetter.objects.filter(event=OuterRef("pk")))


PROCESSED = Kept(
    "KEEP_PROCESSED_DAYS",
    _("Eventos entregues, com entregas, tentativas e mensagens nossas"),
    _("a chegada"),
    # as an anti join, which looks for the letters of this batch; within an OR all there are would be read
    lambda since: _over(since).filter(~_has_letter(), without_flow=""),
)
FAILED = Kept(
    "KEEP_FAILED_DAYS",
    _("Eventos que falharam e foram tratados, e os que nenhum fluxo leu"),
    _("a chegada"),
    lambda since: _over(since).filter(~Q(without_flow="") | Q(_has_letter())),
)
REJECTED = Kept(
    "KEEP_REJECTED_DAYS",
    _("Recusados"),
    _("a chegada"),
    lambda since: RejectedRequest.objects.filter(received_at__lt=since),
)
REDIRECTS = Kept(
    "KEEP_FAILED_DAYS",
    _("Redirecionamentos que não valem mais"),
    _("o último dia"),
    lambda since: Redirect.objects.filter(ends_at__lt=since),
)

REMOVALS = [
    # an array is looked up in order, and each page of an index that has grown is read once
    """DELETE FROM events_attempt
       WHERE delivery_id = ANY(ARRAY(SELECT id FROM events_delivery WHERE event_id = ANY(%s)))""",
    "DELETE FROM events_correction WHERE event_id = ANY(%s)",
    """DELETE FROM events_bulkitem
       WHERE dead_letter_id IN (SELECT id FROM events_deadletter WHERE event_id = ANY(%s))""",
    """DELETE FROM events_escalation
       WHERE dead_letter_id IN (SELECT id FROM events_deadletter WHERE event_id = ANY(%s))""",
    "DELETE FROM events_deadletter WHERE event_id = ANY(%s)",
    "UPDATE events_rejectedrequest SET accepted_id = NULL WHERE accepted_id = ANY(%s)",
    "DELETE FROM events_delivery WHERE event_id = ANY(%s)",
    "DELETE FROM events_event WHERE id = ANY(%s)",
]

EMPTY_JOBS = """
DELETE FROM events_bulkjob AS job
WHERE ended_at IS NOT NULL AND NOT EXISTS (SELECT FROM events_bulkitem WHERE job_id = job.id)
"""
SURPLUS_REJECTED = """
DELETE FROM events_rejectedrequest WHERE id IN (
    SELECT id FROM events_rejectedrequest ORDER BY is_proven DESC, id DESC OFFSET %s)
"""


def removed_at(received_at: datetime) -> datetime:
    """When an event that failed, and was dealt with, is removed with all that belongs to it."""
    return received_at + timedelta(days=FAILED.days)


def prune() -> None:
    """Remove what is past its time. Requests of unproven senders never push out the others."""
    for kept in (PROCESSED, FAILED):
        while prune_events(kept) == BATCH:
            pass
    REJECTED.due.delete()
    REDIRECTS.due.delete()
    with connection.cursor() as cursor:
        cursor.execute(EMPTY_JOBS)
        cursor.execute(SURPLUS_REJECTED, [MOST_REJECTED])


def prune_events(kept: Kept) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        locked = kept.due.order_by("received_at").select_for_update(skip_locked=True, of=("self",))
        ids = list(locked.values_list("pk", flat=True)[:BATCH])
        for removal in REMOVALS if ids else []:
            cursor.execute(removal, [ids])
    return len(ids)
