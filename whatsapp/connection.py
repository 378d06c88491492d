"""Is the channel alive? One verdict from four proofs, each with its age.

A flag that says "connected" proves little: messages have to flow. And a status call that fails says nothing
about the session, so the last answer stands until it is too old.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from carinho.database import run
from carinho.services.errors import ServiceError
from events.engine import circuit_breakers, wakeup
from events.intake.payload import SAO_PAULO
from whatsapp.callbacks import timestamps
from whatsapp.callbacks.inbox import Ignored
from whatsapp.models import Callback, Channel, IgnoredCause, Message, Received

TOO_OLD = timedelta(minutes=5)  # a status nobody confirmed since says nothing
RECEIPT_TAKES = timedelta(minutes=10)  # from acceptance to the first receipt
WORKING_HOURS = range(8, 20)  # Monday to Saturday
HISTORY = timedelta(days=28)
FEWEST_MESSAGES = 20  # of history, before silence means anything
SHORTEST_GAP = timedelta(minutes=30)
CONFIGURATION_WORKS = """
UPDATE whatsapp_channel SET misconfigured_at = NULL, misconfiguration = '' WHERE misconfigured_at IS NOT NULL
"""
CONNECTED, SILENT, DISCONNECTED, UNKNOWN = "connected", "silent", "disconnected", "unknown"


@dataclass(frozen=True)
class Proof:
    """One sign of life: whether it is good (None: nothing can be said), since when, and how to say it."""

    name: str
    is_good: bool | None
    at: datetime | None
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What holds of the channel now, and the proofs it follows from."""

    status: str
    proofs: list[Proof]
    since: datetime | None
    usual_gap: timedelta | None  # between two messages in, at this hour

    @property
    def connected(self) -> bool:
        return self.status in (CONNECTED, SILENT)

    def as_json(self) -> dict[str, Any]:
        """The guide's keys, and beside them the proofs with their ages in seconds.

        Not known yet is neither connected nor disconnected.
        """
        return {
            "connected": None if self.status == UNKNOWN else self.connected,
            "status": self.status,
            "since": self.since.isoformat() if self.since else None,
            "proofs": [_proof_as_json(proof) for proof in self.proofs],
        }


def _proof_as_json(proof: Proof) -> dict[str, Any]:
    age = int((timezone.now() - proof.at).total_seconds()) if proof.at else None
    return {"name": proof.name, "good": proof.is_good, "age_seconds": age, "message": proof.sentence}


def verdict(now: datetime | None = None) -> Verdict:
    """What the four proofs say together."""
    now = now or timezone.now()
    row = Channel.load()
    gap = usual_gap(now)
    proofs = [_flag(row, now), _phone(row, now), _last_received(row, now, gap), _last_receipt(row, now)]
    return Verdict(_status(row, proofs), proofs, row.changed_at, gap)


def _status(row: Channel, proofs: list[Proof]) -> str:
    flag, _phone_online, *flowing = proofs
    if row.connected is False:
        return DISCONNECTED
    if flag.is_good is None:
        return UNKNOWN
    return SILENT if any(proof.is_good is False for proof in flowing) else CONNECTED


def _flag(row: Channel, now: datetime) -> Proof:
    is_fresh = row.checked_at is not None and now - row.checked_at < TOO_OLD
    if row.connected is False:
        return Proof("flag", False, row.checked_at, _("O Z-API diz que o WhatsApp está desconectado."))
    if not row.connected or not is_fresh:
        unasked, unanswered = (
            _("Ainda não sabemos: o Z-API ainda não foi perguntado."),
            _("Não sabemos: o Z-API não responde à verificação."),
        )
        return Proof("flag", None, row.checked_at, unanswered if row.check_failed_at else unasked)
    return Proof("flag", True, row.checked_at, _("O Z-API diz que o WhatsApp está conectado."))


def _phone(row: Channel, now: datetime) -> Proof:
    if row.phone_online is None or row.checked_at is None or now - row.checked_at >= TOO_OLD:
        return Proof("phone", None, row.checked_at, _("Não sabemos se o celular tem internet."))
    if row.phone_online:
        return Proof("phone", True, row.checked_at, _("O celular está com internet."))
    offline = _("O celular está sem internet.")
    still = _("O celular está sem internet; as mensagens ainda saem por algum tempo.")
    return Proof("phone", False, row.checked_at, still if row.connected else offline)


def _last_received(row: Channel, now: datetime, gap: timedelta | None) -> Proof:
    last = row.last_received_at
    if gap is None or last is None:
        return Proof(
            "received", None, last, _("Ainda não há histórico para comparar as mensagens recebidas.")
        )
    if now - last <= 2 * gap:
        return Proof("received", True, last, _("Chegam mensagens no ritmo de costume."))
    minutes = int(gap.total_seconds() // 60)
    return Proof(
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
    days = _working_days(
        history.order_by("received_at").values_list("received_at", flat=True).first() or now, now
    )
    return max(SHORTEST_GAP, timedelta(hours=1) * days / count)


def _working_days(first: datetime, last: datetime) -> int:
    days = (last.astimezone(SAO_PAULO).date() - first.astimezone(SAO_PAULO).date()).days
    return max(1, days * 6 // 7)


def _last_receipt(row: Channel, now: datetime) -> Proof:
    """Our own sends come back as receipts; some that stay without any mean that nothing flows."""
    last = row.last_receipt_at
    lost = Message.objects.filter(
        status="accepted",
        accepted_at__lt=now - RECEIPT_TAKES,
        accepted_at__gt=max(last or now - HISTORY, now - HISTORY),
    )
    if lost.exists():
        return Proof("receipt", False, last, _("Enviamos mensagens, e o WhatsApp não confirma nenhuma."))
    if last is None:
        return Proof("receipt", None, None, _("Ainda não houve mensagem nossa para confirmar."))
    return Proof("receipt", True, last, _("O WhatsApp confirma as mensagens que enviamos."))


# --- what tells of it -----------------------------------------------------------------------------


def check() -> None:
    """Ask Z-API for the status. A call that fails says nothing about the session."""
    from whatsapp.zapi import WhatsApp

    asked_at = timezone.now()
    try:
        answer = WhatsApp("status").get("/status", doing="check status")
        connected = answer["connected"]
    except (ServiceError, KeyError, TypeError):
        Channel.load()
        Channel.objects.update(check_failed_at=asked_at)
        return
    _set(
        connected is True,
        asked_at,
        phone_online=answer.get("smartphoneConnected"),
        checked_at=asked_at,
        check_failed_at=None,
        said=str(answer.get("error") or "")[:200],
    )


def came_back(callback: Callback) -> None:
    _told(callback, connected=True)


def was_lost(callback: Callback) -> None:
    _told(callback, connected=False)


def told_at_the_door(body: dict[str, Any]) -> None:
    """Hold the lane before a disconnect is answered; the callback is read again later, without harm.

    One that does not say when it happened may be a repeat: only the inbox can tell.
    """
    now = timezone.now()
    moment = timestamps.read(body.get("momment"), otherwise=now)
    if body.get("type") == "DisconnectedCallback" and moment < now:
        _set(False, moment, said=str(body.get("error") or "")[:200])


def _told(callback: Callback, *, connected: bool) -> None:
    moment = timestamps.read(callback.body.get("momment"), otherwise=callback.received_at)
    if not _set(connected, moment, said=str(callback.body.get("error") or "")[:200]):
        raise Ignored(IgnoredCause.OLDER)


@transaction.atomic
def _set(connected: bool, moment: datetime, **more: Any) -> bool:
    """The latest news holds, whoever brings it and however late: False for what is older than the known."""
    Channel.load()
    known = Channel.objects.select_for_update().get()
    if known.changed_at and known.changed_at > moment:
        return False
    changed: dict[str, Any] = {}
    if known.connected is not connected:  # what was known of the phone belongs to the state before
        changed = {"changed_at": moment, "phone_online": None}
    if changed and not connected:
        changed["lost_at"] = moment
    Channel.objects.update(connected=connected, **(changed | more))
    # while nothing can go out, what is due counts as held, as with every system that is away
    circuit_breakers.set_offline("whatsapp", None if connected else moment)
    if connected and changed:
        transaction.on_commit(lambda: wakeup.wake_up(["whatsapp"]))
    return True


def is_disconnected() -> bool:
    """Whether Z-API said so; not knowing is no reason to hold anything."""
    return Channel.objects.filter(connected=False).exists()


def heard_message(moment: datetime) -> None:
    _advance("last_received_at", moment)


def heard_receipt(moment: datetime) -> None:
    _advance("last_receipt_at", moment)


def _advance(field: str, moment: datetime) -> None:
    Channel.load()
    Channel.objects.filter(Q(**{field: None}) | Q(**{f"{field}__lt": moment})).update(**{field: moment})


def configuration_refused(said: str) -> None:
    """Z-API does not accept our address or tokens: an alert until a message gets through."""
    Channel.load()
    Channel.objects.update(misconfigured_at=timezone.now(), misconfiguration=said[:300])


def configuration_works() -> None:
    run(CONFIGURATION_WORKS, [])
