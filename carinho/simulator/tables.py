"""The records of a system, in the order they came, read in pages."""

from collections.abc import Callable, Iterable
from typing import Any

from carinho.simulator.answers import Answer, Refusal
from carinho.simulator.visit import Visit

Record = dict[str, Any]
MOST_RECORDS = 100_000  # a table that grows beyond forgets the older half, so that a long demo stays small
MOST_PER_PAGE = 100


class Table:
    """Records by key, and by other fields that no two of them share."""

    def __init__(self, key: str = "id", unique: Iterable[str] = ()) -> None:
        self.key = key
        self.rows: dict[Any, Record] = {}
        self.unique: dict[str, dict[Any, Record]] = {field: {} for field in unique}
        self._order: list[Any] = []
        self._forgotten = 0
        self._last_id = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, key: Any) -> bool:
        return key in self.rows

    def add(self, fields: Record) -> Record:
        """Keep a new record under the next id."""
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

    def like(self, fields: Record) -> Record | None:
        """The record that shares a unique field with these, if there is one."""
        known = (records.get(fields[name]) for name, records in self.unique.items() if fields.get(name))
        return next((record for record in known if record), None)

    def page(self, visit: Visit, keep: Callable[[Record], bool] | None = None) -> Answer:
        """The records from the visit's cursor on that `keep` accepts, and where the next page begins."""
        position = max(_count(visit, "cursor", 0) - self._forgotten, 0)
        limit = min(_count(visit, "limit", MOST_PER_PAGE), MOST_PER_PAGE)
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


def paged(records: list[Record], next_cursor: str | None = None) -> Answer:
    return Answer(200, {"data": records, "next_cursor": next_cursor})


def _count(visit: Visit, name: str, default: int) -> int:
    given = visit.query.get(name, "")
    if given and not given.isdecimal():
        raise Refusal(400, f"Invalid {name}")
    return int(given or default)
