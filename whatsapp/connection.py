"""The health of the connection to WhatsApp, from four signals, each with its age.

"connected" alone is no sign that messages flow. A status call that fails says nothing about the session, so
the last answer stands until it is too old.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from carinho.local_time import SAO_PAULO
from carinho.services.errors import ServiceError
from carinho.webhooks import lifecycle
from events.engine import circuit_breakers, wakeup
from whatsapp.callbacks.body import timestamp_of
from whatsapp.callbacks.inbox import Ignored
from whatsapp.models import Callback, Connection, IgnoredCause, Received, SentMessage
from whatsapp.zapi import WhatsApp

TOO_OLD = timedelta(minutes=5)  # a status nobody confirmed since says nothing
RECEIPT_TAKES = timedelta(minutes=10)  # from acceptance to the first receipt
WORKING_HOURS = range(8, 20)  # Monday to Saturday
HISTORY = timedelta(days=28)
FEWEST_MESSAGES = 20  # of history, before their absence means anything
SHORTEST_GAP = timedelta(minutes=30)
CLEAR_MISCONFIGURATION = """
UPDATE whatsapp_connection SET misconfigured_at = NULL, misconfiguration = ''
WHERE misconfigured_at IS NOT NULL
"""
CONNECTED, SILENT, DISCONNECTED, UNKNOWN = "connected", "silent", "disconnected", "unknown"


@dataclass(frozen=True)
class Signal:
    """One sign of life: whether it is good (None: nothing can be said), since when, and how to say it."""

    name: str
    is_good: bool | None
    at: datetime | None
    sentence: str

    def as_json(self) -> dict[str, Any]:
        age = int((timezone.now() - self.at).total_seconds()) if self.at else None
        return {"name": self.name, "good": self.is_good, "age_seconds": age, "message": self.sentence}


@dataclass(frozen=True)
class ConnectionHealth:
    status: str
    signals: list[Signal]
    since: datetime | None
    usual_gap: timedelta | None  # between two messages in, at this hour

    @property
    def connected(self) -> bool:
        return self.status in (CONNECTED, SILENT)

    def as_json(self) -> dict[str, Any]:
        """`connected` is null while it is not known; the signals' ages are in seconds."""
        return {
            "connected": None if self.status == UNKNOWN else self.connected,
            "status": self.status,
            "since": self.since.isoformat() if self.since else None,
            "signals": [signal.as_json() for signal in self.signals],
        }


def health(now: datetime | None = None, row: Connection | None = None) -> ConnectionHealth:
    """Disconnected when Z-API says so, silent when it says connected and messages do not flow.

    `row` is the connection's, for whoever has read it.
    """
    now, row = now or timezone.now(), row or Connection.load()
    gap = usual_gap(now)
    flag, flowing = _flag(row, now), [_last_received(row, now, gap), _last_receipt(row, now)]
    if row.connected is False:
        status = DISCONNECTED
    elif flag.is_good is None:
        status = UNKNOWN
    else:
        status = SILENT if any(signal.is_good is False for signal in flowing) else CONNECTED
    return ConnectionHealth(status, [flag, _phone(row, now), *flowing], row.changed_at, gap)


def _flag(row: Connection, now: datetime) -> Signal:
    is_fresh = row.checked_at is not None and now - row.checked_at < TOO_OLD
    if row.connected is False:
        return Signal("flag", False, row.checked_at, _("O Z-API diz que o WhatsApp está desconectado."))
    if not row.connected or not is_fresh:
        unasked, unanswered = (
            _("Ainda não sabemos: o Z-API ainda não foi perguntado."),
            _("Não sabemos: o Z-API não responde à verificação."),
        )
        return Signal("flag", None, row.checked_at, unanswered if row.check_failed_at else unasked)
    return Signal("flag", True, row.checked_at, _("O Z-API diz que o WhatsApp está conectado."))


def _phone(row: Connection, now: datetime) -> Signal:
    if row.phone_online is None or row.checked_at is None or now - row.checked_at >= TOO_OLD:
        return Signal("phone", None, row.checked_at, _("Não sabemos se o celular tem internet."))
    if row.phone_online:
        return Signal("phone", True, row.checked_at, _("O celular está com internet."))
    offline = _("O celular está sem internet.")
    still = _("O celular está sem internet; as mensagens ainda saem por algum tempo.")
    return Signal("phone", False, row.checked_at, still if row.connected else offline)


def _last_received(row: Connection, now: datetime, gap: timedelta | None) -> Signal:
    last = row.last_received_at
    if gap is None or last is None:
        return Signal(
            "received", None, last, _("Ainda não há histórico para comparar as mensagens recebidas.")
        )
    if now - last <= 2 * gap:
        return Signal("received", True, last, _("Chegam mensagens no ritmo de costume."))
    minutes = int(gap.total_seconds() // 60)
    return Signal(
        "received",
        False,
        last,
        _("Neste horário chega uma mensagem a cada %d minutos, e agora não chega.") % minutes,
    )


def usual_gap(now: datetime) -> timedelta | None:
    """Time between two messages at this hour, from the last four weeks; None when nothing is usual now."""
    local = now.astimezone(SAO_PAULO)
    if local.hour not in WORKING_HOURS or local.weekday() == 6:
        return None
    at_this_hour = Q(received_at__hour=local.hour) & ~Q(received_at__week_day=1)
    history = Received.objects.filter(
        received_at__gte=now - HISTORY, received_at__lt=now - timedelta(hours=2)
    )
    count = history.filter(at_this_hour).count()
    if count < FEWEST_MESSAGES:
        return None
    first = history.order_by("received_at").values_list("received_at", flat=True).first() or now
    days = (local.date() - first.astimezone(SAO_PAULO).date()).days
    working_days = max(1, days * 6 // 7)
    return max(SHORTEST_GAP, timedelta(hours=1) * working_days / count)


def _last_receipt(row: Connection, now: datetime) -> Signal:
    """Our own sends come back as receipts; some that stay without any mean that nothing flows."""
    last = row.last_receipt_at
    unconfirmed = SentMessage.objects.filter(
        status="accepted",
        accepted_at__lt=now - RECEIPT_TAKES,
        accepted_at__gt=max(last or now - HISTORY, now - HISTORY),
    )
    if unconfirmed.exists():
        return Signal("receipt", False, last, _("Enviamos mensagens, e o WhatsApp não confirma nenhuma."))
    if last is None:
        return Signal("receipt", None, None, _("Ainda não houve mensagem nossa para confirmar."))
    return Signal("receipt", True, last, _("O WhatsApp confirma as mensagens que enviamos."))


# --- what Z-API says ------------------------------------------------------------------------------


def check() -> None:
    """Ask Z-API for the status. A call that fails says nothing about the session."""
    asked_at = timezone.now()
    try:
        answer = WhatsApp("status").get("/status", doing="check status")
        connected = answer["connected"]
    except (ServiceError, KeyError, TypeError):
        Connection.load()
        Connection.objects.update(check_failed_at=asked_at)
        return
    _set(
        connected is True,
        asked_at,
        phone_online=answer.get("smartphoneConnected"),
        checked_at=asked_at,
        check_failed_at=None,
        error=str(answer.get("error") or "")[:200],
    )


def on_connected(callback: Callback) -> None:
    """Raises `Ignored` for news that is older than what is known."""
    _apply(callback, connected=True)


def on_disconnected(callback: Callback) -> None:
    """Raises `Ignored` for news that is older than what is known."""
    _apply(callback, connected=False)


def hold_on_disconnect(body: dict[str, Any]) -> None:
    """Hold the lane before a disconnect is answered; processing it again later does no harm.

    One that does not say when it happened may be a repeat: only the inbox knows.
    """
    now = timezone.now()
    moment = timestamp_of(body.get("momment"), otherwise=now)
    if body.get("type") == "DisconnectedCallback" and moment < now:
        _set(False, moment, error=str(body.get("error") or "")[:200])


def _apply(callback: Callback, *, connected: bool) -> None:
    moment = timestamp_of(callback.body.get("momment"), otherwise=callback.received_at)
    if not _set(connected, moment, error=str(callback.body.get("error") or "")[:200]):
        raise Ignored(IgnoredCause.OLDER)


@transaction.atomic
def _set(connected: bool, moment: datetime, **more: Any) -> bool:
    """Apply the latest state, whoever brings it and however late; False for what is older than the known."""
    Connection.load()
    known = Connection.objects.select_for_update().get()
    if known.changed_at and known.changed_at > moment:
        return False
    changed: dict[str, Any] = {}
    if known.connected is not connected:  # what was known of the phone belongs to the state before
        changed = {"changed_at": moment, "phone_online": None, "restore_asked_at": None}
    if changed and not connected:
        changed["disconnected_at"] = moment
        lifecycle.write([("whatsapp.disconnected", {"since": timezone.localtime(moment).isoformat()})])
    Connection.objects.update(connected=connected, **(changed | more))
    # while nothing can go out, what is due counts as held, as with every system that is away
    circuit_breakers.set_offline("whatsapp", None if connected else moment)
    if connected and changed:
        transaction.on_commit(lambda: wakeup.wake_up(["whatsapp"]))
    return True


def is_disconnected() -> bool:
    """Whether Z-API said so: not knowing is no reason to hold anything."""
    return Connection.objects.filter(connected=False).exists()


def record_message(moment: datetime) -> None:
    _advance("last_received_at", moment)


def record_receipt(moment: datetime) -> None:
    _advance("last_receipt_at", moment)


def _advance(field: str, moment: datetime) -> None:
    Connection.load()
    Connection.objects.filter(Q(**{field: None}) | Q(**{f"{field}__lt": moment})).update(**{field: moment})


def mark_misconfigured(said: str) -> None:
    """Z-API does not accept our address or tokens: an alert until a message gets through."""
    Connection.load()
    Connection.objects.update(misconfigured_at=timezone.now(), misconfiguration=said[:300])
