"""One record's way through a run: whether it needs a write, the write, and how that ended."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from carinho.access import derived_keys
from carinho.logs import request_id
from carinho.services.base import Service
from carinho.services.errors import CircuitOpen, NotOffered, Rejected, Unavailable
from events.engine import failure_causes
from events.engine.failure_causes import Diagnosis
from sync.job import Fields, Job, Record
from sync.models import ORPHAN, RESTORE, PlannedWrite, SyncRecord, SyncRun

logger = logging.getLogger(__name__)

DIGEST_IN_KEY = 12
LONGEST_KEY = 80
UNREADABLE = "The record cannot be read"


class RecordOutcome(Enum):
    DONE = "done"
    HELD = "held"  # nothing was sent: it waits until the system may be called
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    BROKEN = "broken"


FAILED_OUTCOMES = frozenset({RecordOutcome.UNAVAILABLE, RecordOutcome.REJECTED, RecordOutcome.BROKEN})


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
    outcome: RecordOutcome | None = None
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
            return Diagnosis("invalid_data", f"{UNREADABLE}: {type(self.error).__name__} {self.error}"[:300])
        return failure_causes.of(self.error or Exception(), self.outcome.value if self.outcome else "")


def invalid(record: Any, key: str, error: Exception) -> Item:
    """A record that makes no sense has failed before anything was sent."""
    item = Item(key, record, {}, [""], 0, must_write=False, must_confirm=False, result={})
    if isinstance(error, AttributeError):  # of a value that is no object: not a mistake of ours
        error = TypeError(str(error))
    item.outcome, item.error, item.attempts = RecordOutcome.REJECTED, error, 1
    return item


# --- which need a write: each is compared with what was last written of it ------------------------


@dataclass
class Plan:
    items: list[Item] = field(default_factory=list)
    invalid: list[Item] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    known: dict[str, SyncRecord] = field(default_factory=dict)


def plan(job: Job, records: Sequence[Any], *, rewrite: bool = False) -> Plan:
    """Sort a page's records; `rewrite` writes also what is unchanged, because a person asked for it."""
    made = Plan()
    read = [found for record in records if (found := _read(job, record, made))]
    rows = SyncRecord.objects.filter(job_id=job.name, key__in=[item.key for item in read])
    made.known = {row.key: row for row in rows}
    for item in {item.key: item for item in read}.values():
        _decide(job, item, made, rewrite=rewrite)
    return made


def _read(job: Job, record: Any, made: Plan) -> Item | None:
    if isinstance(record, dict) and record.keys() == {ORPHAN}:
        # the ledger keeps what is taken away as a write of nothing: a later write gets a new key
        orphan = Item(str(record[ORPHAN]), record, {}, digests(record), 1, True, False, {})
        orphan.is_orphan = True
        return orphan
    if isinstance(record, dict) and record.keys() == {RESTORE}:
        wanted = record[RESTORE]["wanted"]
        return Item(record[RESTORE]["key"], record, wanted, digests(wanted), 1, True, False, {})
    try:
        wanted = job.wanted(record)
        return Item(short(job.key(record)), record, wanted, digests(wanted), 1, True, job.confirms, {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        made.invalid.append(invalid(record, key_of(job, record), error))
        return None


def digests(wanted: Any) -> list[str]:
    """The same for the same content, whatever the order of its fields; then under earlier keys.

    It outlives an erasure: of a plain one, whoever knows the rest of a record could guess the phone.
    """
    text = json.dumps(wanted, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return derived_keys.digests("synchronised record", text.encode(errors="replace").decode())


def digest(wanted: Any) -> str:
    return digests(wanted)[0]


def short(key: str) -> str:
    """The key, if its column can hold it. Raises ValueError."""
    if len(key) > LONGEST_KEY:
        raise ValueError("The id is too long")
    return key


def key_of(job: Job, record: Any) -> str:
    """Its key; a digest of the record where it has none."""
    try:
        return short(job.key(record))
    except (KeyError, TypeError, ValueError, AttributeError):
        return f"?{digest(record)[:16]}"


def _decide(job: Job, item: Item, made: Plan, *, rewrite: bool) -> None:
    known = made.known.get(item.key)
    if known is None:
        made.items.append(item)
    elif known.digest not in item.digests or rewrite or (job.confirms and known.confirmed_at):
        item.version = known.version + 1  # it changed, or the source asks for it anew
        made.items.append(item)
    elif job.confirms:
        item.version, item.result, item.must_write = known.version, known.result, False
        made.items.append(item)
    else:
        made.unchanged.append(item.key)


def save_planned(run: SyncRun, made: Plan) -> None:
    rows = []
    for item in made.items + made.invalid:
        known = made.known.get(item.key)
        before = known.wanted if known else {}
        if item.outcome is not None:
            action = "invalid"
        elif not item.must_write:
            action = "confirm"
        else:
            action = "update" if known else "create"
        fields = sorted(name for name in {*before, *item.wanted} if before.get(name) != item.wanted.get(name))
        rows.append(PlannedWrite(run=run, key=item.key, action=action, fields=fields, wanted=item.wanted))
    PlannedWrite.objects.bulk_create(rows)


# --- writing: network only, no database -----------------------------------------------------------


def push(job: Job, item: Item, require: Callable[[type[Service]], None], request: str) -> None:
    """Write and confirm one record, as far as it needs that. Never raises: `outcome` says how it went.

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
        item.outcome, item.error = RecordOutcome.DONE, None
    except CircuitOpen as error:
        item.outcome, item.error = RecordOutcome.HELD, error
    except Unavailable as error:
        item.outcome, item.error = RecordOutcome.UNAVAILABLE, error
    except Rejected as error:
        item.outcome, item.error = RecordOutcome.REJECTED, error
    except Exception as error:
        logger.exception("Record broke", extra={"job": job.name, "key": item.key})
        item.outcome, item.error = RecordOutcome.BROKEN, error
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
