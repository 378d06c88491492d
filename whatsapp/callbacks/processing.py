"""Processes stored callbacks, one reader at a time: what each kind means, what waits, what is given up."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import Error, transaction
from django.utils import timezone

from carinho.database import run
from carinho.locks import try_transaction_lock
from whatsapp import connection
from whatsapp.callbacks import erased, receipts, received
from whatsapp.callbacks.inbox import OPEN, Ignored, NotYet
from whatsapp.models import Callback, CallbackStatus, IgnoredCause

logger = logging.getLogger(__name__)

BATCH = 200
MOST_ATTEMPTS = 5
WAITS = (1, 3, 10, 60, 300, 900, 3600)  # seconds until the other part may have come
ONE_READER = "whatsapp.callbacks.inbox"

KINDS: dict[str, Callable[[Callback], None]] = {  # each raises `Ignored` or `NotYet`
    "ReceivedCallback": received.receive,
    "DeliveryCallback": receipts.on_delivery,
    "MessageStatusCallback": receipts.on_status,
    "ConnectedCallback": connection.on_connected,
    "DisconnectedCallback": connection.on_disconnected,
}


def process(seconds: float = 50) -> int:
    """Read what is due, oldest first, for at most this long. Ends as soon as another reader is at work."""
    until = timezone.now() + timedelta(seconds=seconds)
    read = 0
    while timezone.now() < until and (due := _due()):
        for id in due:
            if not _read(id):
                return read
            read += 1
    return read


def _due() -> list[int]:
    fresh_first = Callback.objects.filter(OPEN, due_at__lte=timezone.now()).order_by(
        "attempts", "due_at", "id"
    )
    return list(fresh_first.values_list("pk", flat=True)[:BATCH])


def _read(id: int) -> bool:
    """Read one, if it is still open; False while another reader is at one.

    The lock is the transaction's own: one of the session would outlive its reader in a pooled connection.
    Nobody waits for the disk: a crash that loses what was read here leaves the callback open with it.
    """
    try:
        with transaction.atomic():
            run("SET LOCAL synchronous_commit = off", [])
            if not try_transaction_lock(ONE_READER):
                return False
            callback = Callback.objects.select_for_update().filter(OPEN, pk=id).first()
            if callback is not None:
                _process(callback)
    except Exception as error:
        logger.exception("Callback could not be processed", extra={"callback_id": id})
        _put_off(id, error)
    return True


def _process(callback: Callback) -> None:
    try:
        with transaction.atomic():
            handle(callback)
        callback.status = CallbackStatus.DONE
    except NotYet as wait:
        if callback.attempts < len(WAITS):
            callback.status = CallbackStatus.WAITING
            callback.due_at = timezone.now() + timedelta(seconds=WAITS[callback.attempts])
            callback.attempts += 1
        else:
            callback.status, callback.cause = CallbackStatus.IGNORED, wait.cause
    except Ignored as ignored:
        callback.status, callback.cause = CallbackStatus.IGNORED, ignored.cause
    if callback.cause == IgnoredCause.ERASED or (callback.cause and erased.is_about_nobody(callback)):
        callback.forget_person()
    callback.error = ""  # of an earlier attempt
    callback.save(update_fields=["status", "cause", "due_at", "attempts", "error"])


def handle(callback: Callback) -> None:
    """Do what follows from a callback. Raises `Ignored` or `NotYet`."""
    if callback.type == "PresenceChatCallback":
        raise Ignored(IgnoredCause.PRESENCE)
    if callback.type not in KINDS:
        raise Ignored(IgnoredCause.UNKNOWN_KIND)
    KINDS[callback.type](callback)


def _put_off(id: int, error: Exception) -> None:
    """Our own mistake, or a database that hiccups: again a few times, then a person sees it."""
    said = type(error).__name__ if isinstance(error, Error) else f"{type(error).__name__}: {error}"[:500]
    with transaction.atomic():
        callback = Callback.objects.select_for_update().filter(OPEN, pk=id).first()
        if callback is None:
            return
        callback.attempts += 1
        callback.error = said.replace("\x00", "")
        over = callback.attempts >= MOST_ATTEMPTS
        callback.status = CallbackStatus.FAILED if over else CallbackStatus.PENDING
        callback.due_at = timezone.now() + timedelta(seconds=WAITS[min(callback.attempts, len(WAITS) - 1)])
        callback.save(update_fields=["attempts", "error", "status", "due_at"])
