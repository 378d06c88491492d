"""Callbacks are stored at once and understood later, by one reader at a time."""

import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import Q
from django.utils import timezone

from carinho.database import run
from whatsapp import callback_keys, contacts
from whatsapp.models import Callback, CallbackStatus

logger = logging.getLogger(__name__)

BATCH = 200
MOST_ATTEMPTS = 5
WAITS = (1, 3, 10, 60, 300, 900, 3600)  # seconds until the other part may have come
LOCK = "SELECT pg_try_advisory_lock(hashtext('whatsapp.inbox'))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('whatsapp.inbox'))"

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
    """Keep a callback, or count it on the one that is kept already. Holds after the surrounding commit."""
    for part in callback_keys.parts_of(body):
        _store_part(part)


def _store_part(body: dict[str, Any]) -> None:
    who = callback_keys.identity_of(body)
    ids = callback_keys.ids_of(body)
    if zaap_id := body.get("zaapId"):
        ids.append(str(zaap_id)[: callback_keys.LONGEST_ID])
    row: list[str | list[str]] = [
        callback_keys.key_of(body),
        str(body.get("type") or "")[:40],
        json.dumps(body, ensure_ascii=False),
        ids,
        contacts.person_key(who)[:64],
    ]
    with connection.cursor() as cursor:
        cursor.execute(STORE, row)


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
    """Read what is due, oldest first, for at most this long. 0 at once while another reader works."""
    until = timezone.now() + timedelta(seconds=seconds)
    read = 0
    with _only_reader() as alone:
        while alone and timezone.now() < until and (due := _due()):
            for id in due:
                _read(id)
            read += len(due)
    return read


@contextmanager
def _only_reader() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        alone = cursor.fetchone()[0]
        try:
            yield alone
        finally:
            if alone:
                cursor.execute(UNLOCK)


OPEN = Q(status__in=[CallbackStatus.PENDING, CallbackStatus.WAITING])


def _due() -> list[int]:
    fresh_first = Callback.objects.filter(OPEN, due_at__lte=timezone.now()).order_by(
        "attempts", "due_at", "id"
    )
    return list(fresh_first.values_list("pk", flat=True)[:BATCH])


def _read(id: int) -> None:
    try:
        with transaction.atomic():
            callback = Callback.objects.select_for_update().get(pk=id)
            _understand(callback)
    except Exception as error:
        logger.exception("Callback could not be processed", extra={"callback_id": id})
        _put_off(id, error)


def _understand(callback: Callback) -> None:
    from whatsapp.understanding import understand

    try:
        with transaction.atomic():
            understand(callback)
        callback.status = CallbackStatus.DONE
    except NotYet as wait:
        _wait(callback, wait.cause)
    except Ignored as ignored:
        callback.status, callback.cause = CallbackStatus.IGNORED, ignored.cause
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
    callback = Callback.objects.get(pk=id)
    callback.attempts += 1
    callback.error = (
        f"{type(error).__name__}: {error}"[:500] if not isinstance(error, Error) else type(error).__name__
    )
    over = callback.attempts >= MOST_ATTEMPTS
    callback.status = CallbackStatus.FAILED if over else CallbackStatus.PENDING
    callback.due_at = timezone.now() + timedelta(seconds=WAITS[min(callback.attempts, len(WAITS) - 1)])
    callback.save(update_fields=["attempts", "error", "status", "due_at"])
