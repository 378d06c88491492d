"""One record's way through a run: what it needs, and how that ended. Network only: no database here."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from carinho.logs import request_id
from carinho.services.base import Service
from carinho.services.errors import CircuitOpen, NotOffered, Rejected, Unavailable
from events.engine import failure_causes
from events.engine.failure_causes import Diagnosis
from sync.job import Fields, Job, Record

logger = logging.getLogger(__name__)

DIGEST_IN_KEY = 12


class End(Enum):
    DONE = "done"
    HELD = "held"  # nothing was sent: it waits until the system may be called
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    BROKEN = "broken"


FAILED = frozenset({End.UNAVAILABLE, End.REJECTED, End.BROKEN})


@dataclass(eq=False)
class Item:
    """A record that is to be written, or only to be confirmed; `result` is what the write answered.

    An orphan is taken away instead: the source has no record that explains it.
    """

    key: str
    record: Record
    wanted: Fields
    digests: list[str]  # under SECRET_KEY, then under those before it
    version: int
    must_write: bool
    must_confirm: bool
    result: Fields
    is_orphan: bool = False
    was_written: bool = False
    was_confirmed: bool = False
    attempts: int = 0
    is_probe: bool = False
    end: End | None = None
    error: Exception | None = None

    @property
    def digest(self) -> str:
        return self.digests[0]

    @property
    def idempotency_suffix(self) -> str:
        return f"{self.key}:{self.version}.{self.digest[:DIGEST_IN_KEY]}"

    @property
    def diagnosis(self) -> Diagnosis:
        if isinstance(self.error, KeyError | TypeError | ValueError):
            return Diagnosis(
                "invalid_data", f"The record cannot be read: {type(self.error).__name__} {self.error}"[:300]
            )
        return failure_causes.of(self.error or Exception(), self.end.value if self.end else "")


def invalid(record: Any, key: str, error: Exception) -> Item:
    """A record that makes no sense has failed before anything was sent."""
    item = Item(key, record, {}, [""], 0, must_write=False, must_confirm=False, result={})
    if isinstance(error, AttributeError):  # of a value that is no object: not a mistake of ours
        error = TypeError(str(error))
    item.end, item.error, item.attempts = End.REJECTED, error, 1
    return item


def push(job: Job, item: Item, require: Callable[[type[Service]], None], request: str) -> None:
    """Write and confirm one record, as far as it needs that. Never raises: `end` says how it went.

    `require` raises `CircuitOpen` for a system that may not be called. It is asked before each call, because
    a record may wait long for its thread.
    """
    token = request_id.set(request)
    key = f"{job.name}:{item.idempotency_suffix}"
    try:
        if item.must_write:
            require(job.target)
            item.result = _write(job, item, key, require)
            item.must_write, item.was_written = False, True
        if item.must_confirm:
            require(job.source)
            item.was_confirmed = _confirm(job, item, key)
            item.must_confirm = False
        item.end, item.error = End.DONE, None
    except CircuitOpen as error:
        item.end, item.error = End.HELD, error
    except Unavailable as error:
        item.end, item.error = End.UNAVAILABLE, error
    except Rejected as error:
        item.end, item.error = End.REJECTED, error
    except Exception as error:
        logger.exception("Record broke", extra={"job": job.name, "key": item.key})
        item.end, item.error = End.BROKEN, error
    finally:
        request_id.reset(token)


def _confirm(job: Job, item: Item, key: str) -> bool:
    """Whether the source knows now; one that has no such mark yet is spared it, for the ledger knows."""
    try:
        job.confirm(job.source(key), item.key, item.result)
    except NotOffered:
        return False
    return True


def _write(job: Job, item: Item, key: str, require: Callable[[type[Service]], None]) -> Fields:
    if not item.is_orphan:
        return job.write(job.target(key), item.key, item.wanted)
    require(job.source)  # it is asked once more whether the record is really gone
    job.remove(job.source(key), job.target(key), item.key)
    return {}
