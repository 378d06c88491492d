"""Receipts of our own messages: handed to WhatsApp, delivered, read, or failed."""

from datetime import datetime

from django.db.models import Q

from events.engine import transitions
from events.intake import envelope, ingestion
from whatsapp import connection, failures, in_doubt
from whatsapp.callbacks import erased
from whatsapp.callbacks.body import timestamp_of
from whatsapp.callbacks.inbox import Ignored, NotYet
from whatsapp.message_status import ARRIVED, ZAPI_STATUSES, MessageStatus
from whatsapp.models import Callback, IgnoredCause, SentMessage
from whatsapp.outbox import locked

NOT_SENT = frozenset({MessageStatus.FAILED, MessageStatus.QUEUED, MessageStatus.HELD})  # as far as we knew
ABOUT_US = frozenset({"READ_BY_ME", "READ-SELF", "READ_SELF"})


def on_delivery(callback: Callback) -> None:
    """`DeliveryCallback`: WhatsApp has the message, or says why it never will."""
    said = " ".join(str(callback.body[name]) for name in ("errorCode", "error") if callback.body.get(name))
    _apply(callback, MessageStatus.FAILED if said else MessageStatus.SENT, said)


def on_status(callback: Callback) -> None:
    """`MessageStatusCallback`: how far it got, for one message or several."""
    status = str(callback.body.get("status") or "").upper()
    if status in ABOUT_US:
        raise Ignored(IgnoredCause.READ_BY_US)
    if status not in ZAPI_STATUSES:
        raise Ignored(IgnoredCause.UNKNOWN_STATUS)
    said = str(callback.body.get("error") or "") if ZAPI_STATUSES[status] == MessageStatus.FAILED else ""
    _apply(callback, ZAPI_STATUSES[status], said)


def _apply(callback: Callback, status: MessageStatus, said: str) -> None:
    """Advance our message; one that is not known yet may become ours when the send is answered."""
    at = timestamp_of(callback.body.get("momment"), otherwise=callback.received_at)
    ids = callback.message_ids
    sent = SentMessage.objects.select_related("contact")
    found = locked(sent.filter(Q(message_id__in=ids) | Q(zaap_id__in=ids)))
    message = found.first() or _sent_again(ids, status) or in_doubt.match_receipt(callback)
    if message is None:
        raise Ignored(IgnoredCause.ERASED) if erased.is_known(ids) else NotYet(IgnoredCause.NOT_OURS)
    if message.contact and message.contact.is_erased:
        callback.forget_person()
        _advance_alone(message, status, at, said)
    else:
        _advance(message, status, at, said)
    connection.record_receipt(callback.received_at)


def _sent_again(ids: list[str], status: MessageStatus) -> SentMessage | None:
    """The message that had one of these ids before a person sent it again.

    Only an arrival still counts: it proves the failure wrong that led to the second send.
    """
    again = SentMessage.objects.filter(~Q(earlier_ids=[]), earlier_ids__overlap=ids)
    message = locked(again.select_related("contact")).first()
    if message is not None and status not in ARRIVED:
        raise Ignored(IgnoredCause.OLDER)
    if message is not None and message.message_id is None:  # not sent again yet: the person has this one
        message.message_id = ids[0]
    return message


def _advance_alone(message: SentMessage, status: MessageStatus, at: datetime, said: str) -> None:
    """Nobody is left to be told, nor anything to be sent again: no text of Z-API, no event, no failure."""
    if status == MessageStatus.FAILED:
        message.failure = failures.code_of(said) if said else "read_failed"
    message.advance((status, at))
    message.save()


def _advance(message: SentMessage, status: MessageStatus, at: datetime, said: str) -> None:
    before = message.status
    if status == MessageStatus.FAILED and not (message.failed_at and message.failed_at <= at):
        message.error = said
        message.failure = failures.code_of(said) if said else "read_failed"
    message.advance((status, at))
    message.save()
    if message.status == before:
        return
    if message.status == MessageStatus.FAILED:
        reason = f"Failed to send message in WhatsApp: {message.error}"
        transitions.mark_failed(message.delivery_id, cause="refused_later", reason=reason)
    elif message.status in ARRIVED and before in NOT_SENT:
        transitions.confirm(message.delivery_id)
    _record_event(message)


def _record_event(message: SentMessage) -> None:
    data = {
        "message_id": message.message_id,
        "status": message.status,
        "changed_at": message.timestamps[MessageStatus(message.status)].isoformat(),
        **({"error": message.error} if message.status == MessageStatus.FAILED and message.error else {}),
    }
    body = {"type": "whatsapp.status", "id": f"{message.message_id}:{message.status}", "data": data}
    ingestion.record([envelope.read(body, source="whatsapp")])
