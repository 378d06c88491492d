"""The inbox: callbacks are stored at once and processed later (`whatsapp.callbacks.processing`)."""

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from carinho.database import run
from whatsapp import contacts
from whatsapp.callbacks import body as bodies
from whatsapp.models import Callback, CallbackStatus, IgnoredCause

OPEN = Q(status__in=[CallbackStatus.PENDING, CallbackStatus.WAITING])
WAKE_SECONDS = 1.0  # a reader that was woken also sees what comes within this time

STORE = """
INSERT INTO whatsapp_callback (key, type, body, message_ids, person, received_at, due_at)
VALUES (%s, %s, %s, %s, %s, clock_timestamp(), clock_timestamp())
ON CONFLICT (key) DO UPDATE SET duplicates = whatsapp_callback.duplicates + 1
"""

MAKE_DUE = """
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
        cursor.executemany(STORE, [_row(part) for part in bodies.parts_of(body)])


def _row(body: dict[str, Any]) -> list[str | list[str]]:
    ids = bodies.ids_of(body)
    if zaap_id := body.get("zaapId"):
        ids.append(str(zaap_id)[: bodies.LONGEST_MESSAGE_ID])
    return [
        bodies.key_of(body),
        str(body.get("type") or "")[:40],
        json.dumps(body, ensure_ascii=False),
        ids,
        contacts.person_key(bodies.identity_of(body))[:64],
    ]


def accept(raw: bytes) -> None:
    """Take in a callback that was refused at first. Raises `RequestRejected` if it still cannot be read."""
    store(bodies.parse(raw))


def make_due(message_ids: Iterable[str]) -> None:
    """A message got its ids: what came about it too early, or was given up, is read again now."""
    run(MAKE_DUE, [[id for id in message_ids if id]])


WOKEN: dict[str, float] = {"at": 0.0}


def may_wake_reader() -> bool:
    """False while this process woke the reader within the last second."""
    now = time.monotonic()
    may = now >= WOKEN["at"] + WAKE_SECONDS
    WOKEN["at"] = now if may else WOKEN["at"]
    return may


def given_up() -> QuerySet[Callback]:
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
