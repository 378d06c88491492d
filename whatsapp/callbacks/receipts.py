"""What Z-API tells of our own messages: handed to WhatsApp, delivered, read, or failed."""

from datetime import datetime

from django.db.models import Q

from events.engine import transitions
from events.intake import envelope, ingestion
from whatsapp import connection, failures, in_doubt
from whatsapp.callbacks import timestamps
from whatsapp.callbacks.inbox import Ignored, NotYet
from whatsapp.locks import locked
from whatsapp.message_status import ARRIVED, ZAPI_STATUSES, MessageStatus
from whatsapp.models import Callback, IgnoredCause, SentMessage

GIVEN_UP = frozenset(
    {MessageStatus.FAILED, MessageStatus.QUEUED, MessageStatus.HELD}
)  # until a receipt proves an arrival
ABOUT_US = frozenset({"READ_BY_ME", "READ-SELF", "READ_SELF"})


def on_delivery(callback: Callback) -> None:
    """`DeliveryCallback`: WhatsApp has the message, or says why it never will."""
    error = str(callback.body.get("error") or "")
    code = str(callback.body.get("errorCode") or "")
    said = " ".join(filter(None, (code, error)))
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
    moment = timestamps.read(callback.body.get("momment"), otherwise=callback.received_at)
    ids = callback.message_ids
    found = locked(SentMessage.objects.filter(Q(message_id__in=ids) | Q(zaap_id__in=ids)))
    message = found.first() or _sent_again(ids, status) or in_doubt.match_receipt(callback)
    if message is None:
        raise NotYet(IgnoredCause.NOT_OURS)
    _advance(message, status, moment, said)
    connection.note_receipt(callback.received_at)


def _sent_again(ids: list[str], status: MessageStatus) -> SentMessage | None:
    """The message that had one of these ids before a person sent it again.

    Only an arrival still counts: it proves the failure wrong that led to the second send.
    """
    message = locked(SentMessage.objects.filter(~Q(earlier_ids=[]), earlier_ids__overlap=ids)).first()
    if message is not None and status not in ARRIVED:
        raise Ignored(IgnoredCause.OLDER)
    if message is not None and message.message_id is None:  # not sent again yet: the person has this one
        message.message_id = ids[0]
    return message


def _advance(message: SentMessage, status: MessageStatus, moment: datetime, said: str) -> None:
    before = message.status
    if status == MessageStatus.FAILED and not (message.failed_at and message.failed_at <= moment):
        message.error = said
        message.failure = failures.code_of(said) if said else "read_failed"
    message.advance((status, moment))
    message.save()
    if message.status != before:
        _follow(message, before)


def _follow(message: SentMessage, before: str) -> None:
    if message.status == MessageStatus.FAILED:
        reason = f"Failed to send message in WhatsApp: {message.error}"
        transitions.mark_failed(message.delivery_id, cause="refused_later", reason=reason)
    elif message.status in ARRIVED and before in GIVEN_UP:
        transitions.confirm(message.delivery_id)
    _record(message)


def _record(message: SentMessage) -> None:
    """Each move is an event too, kept only as that."""
    data = {
        "message_id": message.message_id,
        "status": message.status,
        "changed_at": message.timestamps[MessageStatus(message.status)].isoformat(),
        **({"error": message.error} if message.status == MessageStatus.FAILED and message.error else {}),
    }
    body = {"type": "whatsapp.status", "id": f"{message.message_id}:{message.status}", "data": data}
    ingestion.record([envelope.read(body, source="whatsapp")])
