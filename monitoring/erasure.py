"""Erases one person: what every table says of them goes, counts and the facts of the audit log stay."""

import logging
from collections.abc import Iterable

from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access import audit_log
from carinho.access.audit_log import HUB, Audited
from carinho.database import run
from events import operations
from events.engine import transitions
from events.models import DeadLetter, DeadLetterStatus, Delivery, DeliveryStatus
from monitoring import erasable
from monitoring.models import Erasure
from monitoring.person_keys import PersonKeys
from monitoring.person_rows import PersonRows, rows_of
from whatsapp import contacts
from whatsapp.models import Contact

logger = logging.getLogger(__name__)

REQUESTED = Audited("person.erase", _("pediu para apagar os dados da pessoa"))
ERASED_BY = Audited("person.erased", _("apagou os dados da pessoa"))
UNENDED = [DeliveryStatus.WAITING, DeliveryStatus.QUEUED, DeliveryStatus.RUNNING]


def preview(who: PersonRows) -> dict[str, int]:
    """How many rows of each table are found by this person's ids."""
    found = {table.table: erasable.count(table, who) for table in erasable.tables()}
    return {name: number for name, number in found.items() if number}


def request(keys: PersonKeys, *, actor: str) -> Erasure:
    """Write down that the person is to be erased; `advance` carries it out."""
    with transaction.atomic():
        stored = {
            "phones": keys.phones,
            "subjects": keys.subjects,
            "contacts": [contact.pk for contact in keys.contacts],
        }
        erasure = Erasure.objects.create(keys=stored, asked_by=actor)
        REQUESTED.record(actor, f"erasure {erasure.pk}")
    return erasure


def advance() -> None:
    """Carry out what was requested, as far as nothing of it is on its way.

    An erasure that breaks is logged, without what the database says: that may quote the person. It is tried
    again with the next call, and keeps no other waiting.
    """
    for pk in Erasure.objects.filter(done_at=None).order_by("id").values_list("pk", flat=True):
        try:
            erase(pk)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001
            logger.error("Erasure broke", extra={"erasure": pk, "error": type(error).__name__})  # noqa: TRY400


@transaction.atomic
def erase(pk: int) -> bool:
    """Whether the person is erased; False while something is still being sent to or about them."""
    erasure = Erasure.objects.select_for_update(skip_locked=True).filter(pk=pk, done_at=None).first()
    if erasure is None:
        return False
    known = Contact.objects.filter(pk__in=erasure.keys["contacts"]).order_by("id")
    phones, subjects = tuple(erasure.keys["phones"]), tuple(erasure.keys["subjects"])
    who = rows_of(PersonKeys(phones, subjects, tuple(known)))
    who = PersonRows(who.keys, sorted({*who.events, *_events_elsewhere(who)}))
    if waiting := _end_open_work(who, erasure.asked_by):
        Erasure.objects.filter(pk=pk).update(waits=waiting)
        return False
    # the wish to be left alone outlives the data: the law lets us keep what is needed to honour it
    contacts.keep_opt_outs(who.keys.contacts)
    with audit_log.may_change("erasure"):
        counts = erasable.erase_everywhere(who)
    Erasure.objects.filter(pk=pk).update(keys={}, done_at=timezone.now(), waits=0, counts=counts)
    ERASED_BY.record(HUB, f"erasure {pk}", {"rows": counts})
    return True


def _events_elsewhere(who: PersonRows) -> Iterable[int]:
    """Events that are about the person without saying so in an indexed column."""
    statement = """
    SELECT id FROM events_event WHERE data->>'client_id' = ANY(%(clients)s)
        OR phone = '' AND (data::text ~* %(marks)s OR as_sent::text ~* %(marks)s)
    """
    return (id for (id,) in run(statement, {"clients": who.numbers("client"), "marks": who.marks}))


def _end_open_work(who: PersonRows, actor: str) -> int:
    """Archive and cancel what waits, so that nothing goes out without its data. How many have not ended."""
    deliveries = Delivery.objects.filter(event__in=who.events)
    transitions.lock_for_moves(deliveries.order_by("id").values_list("pk", flat=True))
    open_letters = DeadLetter.objects.filter(event__in=who.events, status=DeadLetterStatus.OPEN)
    operations.archive(list(open_letters.values_list("pk", flat=True)), actor=actor)
    not_begun = deliveries.filter(status__in=[DeliveryStatus.WAITING, DeliveryStatus.QUEUED])
    ids = list(not_begun.values_list("pk", flat=True))
    operations.cancel(ids, actor=actor)
    return deliveries.filter(status__in=UNENDED).count()
