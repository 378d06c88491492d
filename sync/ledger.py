"""Which records of a page need a write: each is compared with what was last written of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from carinho.access import derived_keys
from sync.job import Job
from sync.models import ORPHAN, RESTORE, PlannedWrite, SyncRecord, SyncRun
from sync.records import Item, invalid

LONGEST_KEY = 80


@dataclass
class Plan:
    items: list[Item] = field(default_factory=list)
    invalid: list[Item] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    known: dict[str, SyncRecord] = field(default_factory=dict)


def plan(job: Job, records: Sequence[Any], *, again: bool = False) -> Plan:
    """Sort a page's records; `again` writes also what is unchanged, because a person asked for it."""
    made = Plan()
    read = [found for record in records if (found := _read(job, record, made))]
    rows = SyncRecord.objects.filter(job_id=job.name, key__in=[item.key for item in read])
    made.known = {row.key: row for row in rows}
    for item in {item.key: item for item in read}.values():
        _decide(job, item, made, again=again)
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


def _decide(job: Job, item: Item, made: Plan, *, again: bool) -> None:
    known = made.known.get(item.key)
    if known is None:
        made.items.append(item)
    elif known.digest not in item.digests or again or (job.confirms and known.confirmed_at):
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
        if item.end is not None:
            action = "invalid"
        elif not item.must_write:
            action = "confirm"
        else:
            action = "update" if known else "create"
        fields = sorted(name for name in {*before, *item.wanted} if before.get(name) != item.wanted.get(name))
        rows.append(PlannedWrite(run=run, key=item.key, action=action, fields=fields, wanted=item.wanted))
    PlannedWrite.objects.bulk_create(rows)
