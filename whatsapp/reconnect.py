"""Reconnecting: what waits in the hub and at Z-API, discarding it, and the QR code or phone code."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.access.models import AuditEntry
from carinho.services.errors import Rejected, ServiceError
from events import operations, typed_phones
from events.models import Delivery
from whatsapp import connection
from whatsapp.message_status import MessageStatus
from whatsapp.models import Connection, SentMessage
from whatsapp.phone import InvalidPhone, normalize
from whatsapp.zapi import WhatsApp

DOING = "reconnect"
DROPPED = "dropped"
RESTORE_TAKES = timedelta(minutes=1)


class PasskeyAsked(Rejected):
    """The phone wants a passkey instead of a code."""


class AlreadyRestoring(Exception):
    """Somebody asked for the session less than a minute ago, and it may still come back."""


@dataclass(frozen=True)
class Restoration:
    """The last try to bring back the session that is down; `error` is None where nobody can say why it is."""

    at: datetime
    by: str
    is_under_way: bool
    error: str | None

    @classmethod
    def of(cls, row: Connection) -> "Restoration | None":
        """None where nobody has tried since the connection was lost."""
        if row.restore_asked_at is None:
            return None
        is_checked = row.checked_at is not None and row.checked_at > row.restore_asked_at
        return cls(
            at=row.restore_asked_at,
            by=row.restore_asked_by,
            is_under_way=not row.restore_refusal and row.restore_asked_at > timezone.now() - RESTORE_TAKES,
            error=row.restore_refusal or (row.error if is_checked else None),
        )


@dataclass(frozen=True)
class Waiting:
    """How many messages wait somewhere, and since when the oldest; `count` is None when it is not known."""

    count: int | None
    oldest: datetime | None = None


@dataclass(frozen=True)
class QueuedAtZapi:
    """One message in Z-API's queue; `delivery` is None for one that the hub did not send."""

    zaap_id: str
    phone: str
    delivery: Delivery | None
    created: datetime | None


QUEUE_EMPTIED = Audited("whatsapp.queue_emptied", _("descartou mensagens da fila do Z-API"))
CODE_ASKED = Audited("whatsapp.code", _("pediu um código para reconectar o WhatsApp"))
SESSION_RESTORED = Audited("whatsapp.restore", _("tentou retomar a sessão do WhatsApp"))


def waiting_in_hub() -> QuerySet[Delivery]:
    """What is due and cannot go out, the oldest first."""
    due = Delivery.objects.filter(service="whatsapp", status="queued", due_at__lte=timezone.now())
    return due.order_by("due_at").select_related("event")


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
    held = (
        SentMessage.objects.filter(status=MessageStatus.HELD)
        .order_by("created_at")
        .values_list("created_at", flat=True)
    )
    return Waiting(held.count(), held.first())


def waiting_at_zapi() -> list[QueuedAtZapi] | None:
    """What is in Z-API's own queue, and would go out by itself on reconnection; None when it does not say."""
    try:
        items = list(WhatsApp("reconnect").queue())
    except ServiceError:
        return None
    ours = SentMessage.objects.filter(message_id__in=[str(item.get("MessageId")) for item in items])
    deliveries = {row.message_id: row.delivery for row in ours.select_related("delivery__event")}
    return [
        QueuedAtZapi(
            str(item.get("ZaapId") or ""),
            str(item.get("Phone") or ""),
            deliveries.get(str(item.get("MessageId"))),
            _created(item),
        )
        for item in items
    ]


def _created(item: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(item["Created"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def discard_in_hub(ids: Sequence[int], *, actor: str) -> int:
    """Cancel those of these that still wait. Returns how many."""
    waiting = waiting_in_hub().filter(pk__in=ids).order_by().values_list("pk", flat=True)
    return len(operations.cancel(list(waiting), actor=actor))


def discard_at_zapi(zaap_ids: Collection[str], *, actor: str) -> int:
    """Take these out of Z-API's queue and mark them as failed. Returns how many. Raises as every call does.

    What it lists no more went out or was taken out already, and is not counted.
    """
    whatsapp = WhatsApp("reconnect")
    queue = {str(item.get("ZaapId")): str(item.get("MessageId")) for item in whatsapp.queue()}
    chosen = {zaap_id: queue[zaap_id] for zaap_id in zaap_ids if zaap_id in queue}
    taken: list[str] = []
    try:
        if chosen and chosen.keys() == queue.keys():
            _must_accept(whatsapp.delete("/queue", doing="empty the queue"))
            taken = list(chosen.values())
        else:
            for zaap_id, message_id in chosen.items():
                _must_accept(whatsapp.delete(f"/queue/{zaap_id}", doing="take out of the queue"))
                taken.append(message_id)
    finally:  # what was taken out before a call failed is out all the same
        with transaction.atomic():
            ours = SentMessage.objects.filter(message_id__in=taken, status=MessageStatus.ACCEPTED)
            ours.update(status=MessageStatus.FAILED, failure=DROPPED, failed_at=timezone.now())
            QUEUE_EMPTIED.record(actor, "whatsapp", {"messages": len(taken)})
    return len(taken)


def restore(*, actor: str) -> None:
    """Restore a kept session, which needs no code.

    Raises `AlreadyRestoring`, and as every call does. A refusal is kept for everybody to read.
    """
    Connection.load()
    now = timezone.now()
    free = Connection.objects.exclude(restore_asked_at__gt=now - RESTORE_TAKES, restore_refusal="")
    if not free.update(restore_asked_at=now, restore_asked_by=actor, restore_refusal=""):
        raise AlreadyRestoring
    mine = Connection.objects.filter(restore_asked_at=now, restore_asked_by=actor)
    try:
        _must_accept(WhatsApp("reconnect").get("/restore-session", doing=DOING))
    except Rejected as error:
        mine.update(restore_refusal=error.detail[:200])
        raise
    except ServiceError:
        mine.update(restore_asked_at=None)
        raise
    SESSION_RESTORED.record(actor, "whatsapp")


def qr_code(*, actor: str) -> str:
    """The picture to scan, as a data address; empty when the session is up.

    Raises `PasskeyAsked`, and as every call does.
    """
    _record_attempt(actor)
    answer = WhatsApp("reconnect").get("/qr-code/image", doing=DOING)
    value = _value(answer)
    if value and not value.startswith("data:image/"):
        raise Rejected("Unexpected QR code", doing=DOING, system="WhatsApp")
    return value


def phone_code(number: str, *, actor: str) -> str:
    """The code to type in the phone with this number; empty when the session is up.

    Raises `InvalidPhone` for what is no number, `PasskeyAsked`, and as every call does.
    """
    stored = normalize(number)
    if problem := typed_phones.problem(number, stored):
        raise InvalidPhone(problem)
    digits = stored.removeprefix("+")
    _record_attempt(actor)
    return _value(WhatsApp("reconnect").get(f"/phone-code/{digits}", doing=DOING))


def _record_attempt(actor: str) -> None:
    """One entry for the codes of a minute: the page renews what nobody scans."""
    lately = AuditEntry.objects.filter(
        actor=actor, action=CODE_ASKED.name, at__gte=timezone.now() - timedelta(minutes=1)
    )
    if not lately.exists():
        CODE_ASKED.record(actor, "whatsapp")


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
