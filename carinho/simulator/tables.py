"""The records of a system, in the order they came, and how they are listed: in pages, by conditions."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from http import HTTPStatus
from typing import Any

from aiohttp import web

from carinho.local_time import SAO_PAULO
from carinho.simulator.protocol import ApiError, answer

Record = dict[str, Any]
Query = Mapping[str, str]
Condition = Callable[[Record], bool]
MOST_RECORDS = 100_000  # a table that grows beyond forgets the older half, so that a long demo stays small
MOST_PER_PAGE = 100
DATE_LENGTH = len("2026-11-24")


class Table:
    """Records by key, and by other fields that no two of them share."""

    def __init__(self, key: str = "id", unique: Iterable[str] = ()) -> None:
        self.key = key
        self.rows: dict[Any, Record] = {}
        self.unique: dict[str, dict[Any, Record]] = {field: {} for field in unique}
        self._order: list[Any] = []
        self._forgotten = 0
        self._last_id = 0

    def __contains__(self, key: Any) -> bool:
        return key in self.rows

    def add(self, fields: Record) -> Record:
        return self._keep({**fields, "id": self._last_id + 1})

    def put(self, key: Any, fields: Record) -> tuple[Record, bool]:
        """Create or change the record of this key; True if it is new."""
        if key in self.rows:
            return self.change(key, fields), False
        record = {"id": self._last_id + 1, **fields, self.key: key}
        return self._keep(record), True

    def change(self, key: Any, fields: Record) -> Record:
        """Change what is given of a record; its id and key stay."""
        record = self.rows[key]
        self._unindex(record)
        record |= {**fields, "id": record["id"], self.key: key}
        self._index(record)
        return record

    def load(self, record: Record) -> None:
        """Keep a record under its own key, if it has one."""
        if self.key in record:
            self.put(record[self.key], record)
        else:
            self.add(record)

    def like(self, fields: Record) -> Record | None:
        """The record that shares a unique field with these, if there is one."""
        known = (records.get(fields[name]) for name, records in self.unique.items() if fields.get(name))
        return next((record for record in known if record), None)

    def page(self, query: Query, keep: Condition | None = None) -> web.Response:
        """The records from the query's cursor on that `keep` accepts, and where the next page begins."""
        position = max(_count(query, "cursor", 0) - self._forgotten, 0)
        limit = min(_count(query, "limit", MOST_PER_PAGE), MOST_PER_PAGE)
        page: list[Record] = []
        while position < len(self._order) and len(page) < limit:
            record = self.rows[self._order[position]]
            if keep is None or keep(record):
                page.append(record)
            position += 1
        more = position < len(self._order)
        return paged(page, next_cursor=str(position + self._forgotten) if more else None)

    def _keep(self, record: Record) -> Record:
        key = record[self.key]
        self.rows[key] = record
        self._order.append(key)
        if isinstance(record["id"], int):
            self._last_id = max(self._last_id, record["id"])
        self._index(record)
        if len(self._order) > MOST_RECORDS:
            self._forget_older_half()
        return record

    def _index(self, record: Record) -> None:
        for field, known in self.unique.items():
            if record.get(field):
                known[record[field]] = record

    def _unindex(self, record: Record) -> None:
        for field, known in self.unique.items():
            known.pop(record.get(field), None)

    def _forget_older_half(self) -> None:
        older = self._order[: MOST_RECORDS // 2]
        for key in older:
            self._unindex(self.rows.pop(key))
        del self._order[: len(older)]
        self._forgotten += len(older)


def paged(records: list[Record], next_cursor: str | None = None) -> web.Response:
    return answer({"data": records, "next_cursor": next_cursor})


def _count(query: Query, name: str, default: int) -> int:
    given = query.get(name, "")
    if given and not given.isdecimal():
        raise ApiError(HTTPStatus.BAD_REQUEST, f"Invalid {name}")
    return int(given or default)


def equal(query: Query, fields: Iterable[str]) -> Condition:
    """Records whose fields read like the parameters of the same name, as in `status=active&synced=false`.

    A record without the field reads as false.
    """
    wanted = {field: query[field] for field in fields if query.get(field)}
    return lambda record: all(_as_text(record.get(field)) == value for field, value in wanted.items())


def among(query: Query, parameter: str, field: str) -> Condition:
    """Records whose field is named in a parameter that is a comma-separated list; all without it."""
    if not query.get(parameter):
        return lambda _: True
    wanted = set(query[parameter].split(","))
    return lambda record: _as_text(record.get(field)) in wanted


def between(query: Query, field: str, since: str = "from", until: str = "to") -> Condition:
    """Records whose time lies between two parameters, both included; a date means its whole day."""
    first = _moment(query.get(since, ""), time.min)
    last = _moment(query.get(until, ""), time.max)

    def keep(record: Record) -> bool:
        moment = _moment(str(record.get(field) or ""), time.min)
        if moment is None:
            return first is None and last is None
        return (first is None or moment >= first) and (last is None or moment <= last)

    return keep


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(bool(value)).lower()
    return str(value)


def _moment(text: str, of_day: time) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(HTTPStatus.BAD_REQUEST, f"Invalid date: {text[:40]}") from None
    if len(text) == DATE_LENGTH:
        moment = datetime.combine(moment, of_day)
    return moment if moment.tzinfo else moment.replace(tzinfo=SAO_PAULO)
