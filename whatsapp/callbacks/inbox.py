"""Callbacks are stored at once and understood later, by one reader at a time."""

import json
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from carinho.database import run
from whatsapp import contacts
from whatsapp.callbacks import callback_keys
from whatsapp.models import Callback, CallbackStatus, IgnoredCause

logger = logging.getLogger(__name__)

BATCH = 200
MOST_ATTEMPTS = 5
WAITS = (1, 3, 10, 60, 300, 900, 3600)  # seconds until the other part may have come
ONE_READER = "SELECT pg_try_advisory_xact_lock(hashtext('whatsapp.callbacks.inbox'))"

STORE = """
INSERT INTO whatsapp_callback (key, type, body, message_ids, person, received_at, due_at)
VALUES (%s, %s, %s, %s, %s, clock_timestamp(), clock_timestamp())
ON CONFLICT (key) DO UPDATE SET duplicates = whatsapp_callback.duplicates + 1
"""

WAKE = """
UPDATE whatsapp_callback SET status = 'waiting', cause = '', due_at = now()
WHERE (status = 'waiting' OR cause = 'not_ours') AND message_ids && %s::varchar[]
"""


class NotYet(Exception):
    """What this callback is about is not known yet; `cause` says why it is ignored if it never is."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


class Ignored(Exception):
    """Nothing follows from this callback, and `cause` says why."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


def store(body: dict[str, Any]) -> None:
    """Keep a callback, or count it on the one that is kept already. Holds after the surrounding commit.

    Raises `RequestRejected` for one that is about too many messages.
    """
    with connection.cursor() as cursor:
        cursor.executemany(STORE, [_row(part) for part in callback_keys.parts_of(body)])


def _row(body: dict[str, Any]) -> list[str | list[str]]:
    who = callback_keys.identity_of(body)
    ids = callback_keys.ids_of(body)
    if zaap_id := body.get("zaapId"):
        ids.append(str(zaap_id)[: callback_keys.LONGEST_ID])
    return [
        callback_keys.key_of(body),
        str(body.get("type") or "")[:40],
        json.dumps(body, ensure_ascii=False),
        ids,
        contacts.person_key(who)[:64],
    ]


def wake(message_ids: Iterable[str]) -> None:
    """A message got its ids: what came about it too early, or was given up, is read again now."""
    run(WAKE, [[id for id in message_ids if id]])


NUDGED: dict[str, float] = {"at": 0.0}
NUDGE_SECONDS = 1.0


def is_first_nudge() -> bool:
    """False while this process nudged within the last second: a reader sees what came since."""
    now = time.monotonic()
    is_first = now >= NUDGED["at"] + NUDGE_SECONDS
    NUDGED["at"] = now if is_first else NUDGED["at"]
    return is_first


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


OPEN = Q(status__in=[CallbackStatus.PENDING, CallbackStatus.WAITING])


def _due() -> list[int]:
    fresh_first = Callback.objects.filter(OPEN, due_at__lte=timezone.now()).order_by(
        "attempts", "due_at", "id"
    )
    return list(fresh_first.values_list("pk", flat=True)[:BATCH])


def _read(id: int) -> bool:
    """Read one, if it is still open; False while another reader is at one.

    The lock is the transaction's own: one of the session would outlive its reader in a pooled connection.
    """
    try:
        with transaction.atomic():
            if run(ONE_READER, []) != [(True,)]:
                return False
            callback = Callback.objects.select_for_update().filter(OPEN, pk=id).first()
            if callback is not None:
                _understand(callback)
    except Exception as error:
        logger.exception("Callback could not be processed", extra={"callback_id": id})
        _put_off(id, error)
    return True


def _understand(callback: Callback) -> None:
    from whatsapp.callbacks.processing import understand

    try:
        with transaction.atomic():
            understand(callback)
        callback.status = CallbackStatus.DONE
    except NotYet as wait:
        _wait(callback, wait.cause)
    except Ignored as ignored:
        callback.status, callback.cause = CallbackStatus.IGNORED, ignored.cause
    callback.error = ""  # of an earlier try
    callback.save(update_fields=["status", "cause", "due_at", "attempts", "error"])


def _wait(callback: Callback, cause: str) -> None:
    if callback.attempts >= len(WAITS):
        callback.status, callback.cause = CallbackStatus.IGNORED, cause
        return
    callback.status = CallbackStatus.WAITING
    callback.due_at = timezone.now() + timedelta(seconds=WAITS[callback.attempts])
    callback.attempts += 1


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


def given_up() -> QuerySet[Callback]:
    """Those that a person has to decide about."""
    return Callback.objects.filter(status=CallbackStatus.FAILED)


def read_again(ids: Sequence[int]) -> list[int]:
    """Make these given-up callbacks due once more; returns those that were."""
    return _move_given_up(ids, status=CallbackStatus.PENDING, attempts=0, error="", due_at=Now())


def dismiss(ids: Sequence[int]) -> list[int]:
    """A person decided that nothing follows from these; returns those that were given up."""
    return _move_given_up(ids, status=CallbackStatus.IGNORED, cause=IgnoredCause.DISMISSED)


@transaction.atomic
def _move_given_up(ids: Sequence[int], **values: Any) -> list[int]:
    moved = list(given_up().filter(pk__in=ids).select_for_update().values_list("pk", flat=True))
    Callback.objects.filter(pk__in=moved).update(**values)
    return moved
