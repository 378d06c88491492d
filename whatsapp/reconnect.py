"""Reconnecting: what waits in the hub and at Z-API, discarding it, and the QR code or phone code."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.services.errors import Rejected, ServiceError
from events import operations
from events.models import Delivery
from whatsapp import connection
from whatsapp.message_status import MessageStatus
from whatsapp.models import Connection, SentMessage
from whatsapp.phone import normalize
from whatsapp.zapi import WhatsApp

DOING = "reconnect"
DROPPED = "dropped"


class PasskeyAsked(Rejected):
    """The phone wants a passkey instead of a code."""


@dataclass(frozen=True)
class Waiting:
    """How many messages wait somewhere, and since when the oldest; `count` is None when it is not known."""

    count: int | None
    oldest: datetime | None = None


QUEUE_EMPTIED = Audited("whatsapp.queue_emptied", _("esvaziou a fila do Z-API"))
SESSION_RESTORED = Audited("whatsapp.restore", _("tentou retomar a sessão do WhatsApp"))


def waiting_in_hub() -> Waiting:
    """What is due and cannot go out."""
    due = _due(timezone.now()).order_by("due_at").values_list("due_at", flat=True)
    return Waiting(due.count(), due.first())


def expired() -> Any:
    """Messages made before the end of the last disconnect that stopped being useful since it began."""
    row = Connection.load()
    if row.disconnected_at is None:
        return SentMessage.objects.none()
    expired = SentMessage.objects.filter(
        status=MessageStatus.EXPIRED, delivery__finished_at__gte=row.disconnected_at
    )
    return expired.filter(created_at__lt=row.changed_at) if row.connected and row.changed_at else expired


def held_in_hub() -> Waiting:
    """What a disconnect held and now goes out paced."""
    held = (
        SentMessage.objects.filter(status=MessageStatus.HELD)
        .order_by("created_at")
        .values_list("created_at", flat=True)
    )
    return Waiting(held.count(), held.first())


def _due(at: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(service="whatsapp", status="queued", due_at__lte=at)


def waiting_at_zapi() -> Waiting:
    """What is in Z-API's own queue, and would go out by itself on reconnection."""
    try:
        items = list(WhatsApp("reconnect").queue())
    except ServiceError:
        return Waiting(None)
    return Waiting(len(items), min(filter(None, map(_created, items)), default=None))


def _created(item: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(item["Created"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def discard_in_hub(until: datetime, *, actor: str) -> int:
    """Cancel what was due at that time; what came since stays. Returns how many."""
    return len(operations.cancel(list(_due(until).values_list("pk", flat=True)), actor=actor))


def discard_at_zapi(*, actor: str) -> int:
    """Empty Z-API's queue and mark its messages as failed. Returns how many. Raises as every call does."""
    whatsapp = WhatsApp("reconnect")
    ids = [str(item.get("MessageId")) for item in whatsapp.queue()]
    _must_accept(whatsapp.delete("/queue", doing="empty the queue"))
    with transaction.atomic():
        ours = SentMessage.objects.filter(message_id__in=ids, status=MessageStatus.ACCEPTED)
        ours.update(status=MessageStatus.FAILED, failure=DROPPED, failed_at=timezone.now())
        QUEUE_EMPTIED.record(actor, "", {"messages": len(ids)})
    return len(ids)


def restore(*, actor: str) -> None:
    """Restore a kept session, which needs no code. Raises as every call does."""
    _must_accept(WhatsApp("reconnect").get("/restore-session", doing=DOING))
    SESSION_RESTORED.record(actor, "")


def qr_code() -> str:
    """The picture to scan, as a data address; empty when the session is up.

    Raises `PasskeyAsked`, and as every call does.
    """
    answer = WhatsApp("reconnect").get("/qr-code/image", doing=DOING)
    value = _value(answer)
    if value and not value.startswith("data:image/"):
        raise Rejected("Unexpected QR code", doing=DOING, system="WhatsApp")
    return value


def phone_code(number: str) -> str:
    """The code to type in the phone with this number; empty when the session is up.

    Raises `InvalidPhone` for what is no number, `PasskeyAsked`, and as every call does.
    """
    digits = normalize(number).removeprefix("+")
    return _value(WhatsApp("reconnect").get(f"/phone-code/{digits}", doing=DOING))


def _value(answer: Any) -> str:
    if isinstance(answer, dict) and answer.get("challenge"):
        raise PasskeyAsked("Passkey asked", doing=DOING, system="WhatsApp")
    if isinstance(answer, dict) and answer.get("connected") is True:
        connection.check()
        return ""
    if not isinstance(answer, dict) or not isinstance(answer.get("value"), str):
        said = answer.get("error") if isinstance(answer, dict) else ""
        raise Rejected(str(said or "Unexpected answer")[:200], doing=DOING, system="WhatsApp")
    return answer["value"]


def _must_accept(answer: Any) -> None:
    if isinstance(answer, dict) and answer.get("error"):
        raise Rejected(str(answer["error"])[:200], doing=DOING, system="WhatsApp")
