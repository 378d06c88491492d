"""Receipts that no message of ours explains, and which message of unknown end each may be about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from whatsapp import callback_keys, failures
from whatsapp.models import Callback, Contact, Message

RECEIPTS = ("DeliveryCallback", "MessageStatusCallback")
Ids = dict[str, str]


def trace_takes() -> timedelta:
    """How long the last trace of a message may take to reach us."""
    return timedelta(seconds=settings.WHATSAPP_TRACE_SECONDS)


def ids_in(callback: Callback) -> list[Ids]:
    """The ids of each message that a callback is about."""
    zaap_id = str(callback.body.get("zaapId") or "")
    return [{"zaap_id": zaap_id, "message_id": id} for id in callback_keys.ids_of(callback.body)]


@dataclass(frozen=True)
class Stray:
    """A receipt's ids that no message of ours has, and when the first of them was seen."""

    ids: Ids
    seen_at: datetime


def found_in(callbacks: Iterable[Callback], explained: set[str]) -> dict[str, Stray]:
    """By message id, less the ids that are explained."""
    found: dict[str, Stray] = {}
    for item in callbacks:
        if item.type in RECEIPTS:
            for ids in ids_in(item):
                found.setdefault(ids["message_id"], Stray(ids, item.received_at))
    return {id: stray for id, stray in found.items() if id not in explained}


def rivals_of(message: Message, contact: Contact) -> list[Message]:
    """The other messages to this person of which nobody knows whether they were sent, the oldest first."""
    is_open = Q(delivery__unsure_since__isnull=False) | Q(failure=failures.UNDECIDED)
    open_ones = Message.objects.filter(is_open, contact=contact, message_id=None).exclude(pk=message.pk)
    return list(open_ones.select_related("delivery").order_by("pk"))


def _tried_at(message: Message) -> datetime:
    return message.delivery.unsure_since or message.first_tried_at or message.created_at


def _in_time(stray: Stray, message: Message) -> bool:
    """Whether the stray came when the traces of this message's last attempt come."""
    return _tried_at(message) <= stray.seen_at <= _tried_at(message) + trace_takes()


def unexplained(strays: dict[str, Stray], message: Message, rivals: Iterable[Message]) -> dict[str, Stray]:
    """Less those that came when a rival's traces come and this message's do not."""
    return {
        id: stray
        for id, stray in strays.items()
        if _in_time(stray, message) or not any(_in_time(stray, rival) for rival in rivals)
    }


def one_each(strays: dict[str, Stray], message: Message, rivals: Iterable[Message]) -> Ids | None:
    """A receipt says nothing of the text: it is ours when nothing else explains it, once the echo is late.

    As many receipts as messages whose end nobody knows mean that all of them were sent: each takes one.
    """
    last = max((stray.seen_at for stray in strays.values()), default=None)
    asked = [message, *(rival for rival in rivals if last and _tried_at(rival) <= last)]
    in_flight = Message.objects.filter(contact=message.contact, delivery__status="running")
    is_early = timezone.now() - _tried_at(message) < trace_takes()
    if is_early or len(strays) != len(asked) or in_flight.exclude(pk__in=[one.pk for one in asked]).exists():
        return None
    place = sorted(one.pk for one in asked).index(message.pk)
    return list(strays.values())[place].ids
