"""Lists that a system gives in pages."""

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from carinho.services.base import Service
from carinho.services.errors import Rejected, Unavailable

LIMIT = 100
NO = ("false", "0", "")
MOST_PAGES = 10_000  # of one list: a million records, more than the company will have


class EndlessList(Rejected):
    """A list that names a page it gave already, or never comes to its last: what it gave is not all of it."""


@dataclass(frozen=True)
class Page:
    """Some records of a list, and where the next page begins; None on the last."""

    records: list[Any]
    next_cursor: str | None = None


def read_page(service: Service, path: str, *, doing: str, cursor: str = "", **filters: Any) -> Page:
    """One page of a list; an empty cursor is its beginning. Raises what a call raises."""
    if settings.SYSTEMS[service.name]["pages"] == "number":
        return _numbered_page(service, path, doing=doing, number=int(cursor or 1), filters=filters)
    params = {**filters, "limit": LIMIT, **({"cursor": cursor} if cursor else {})}
    answer = service.get(path, doing=doing, params=params)
    records = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(records, list) or any(differs(row, filters) for row in records):
        raise unreadable(service, doing)
    next_cursor = answer.get("next_cursor")
    if next_cursor and not (isinstance(next_cursor, str | int) and str(next_cursor).isprintable()):
        raise unreadable(service, doing)
    return Page(storable(records), str(next_cursor) if next_cursor else None)


def _numbered_page(
    service: Service, path: str, *, doing: str, number: int, filters: Mapping[str, Any]
) -> Page:
    answer = service.get(path, doing=doing, params={**filters, "page": number, "per_page": LIMIT})
    records, current, last = laravel_page(answer) or ([], 0, 0)
    if current != number or any(differs(row, filters) for row in records):
        raise unreadable(service, doing)
    return Page(storable(records), str(number + 1) if number < last else None)


def laravel_page(answer: Any) -> tuple[list[Any], int, int] | None:
    """The records, which page they are and which is the last; None for an answer that does not say.

    What says it stands beside the records, in `meta` or `pagination`, and all of it perhaps in `data`.
    """
    body = answer if isinstance(answer, Mapping) else {}
    inside = body.get("data")
    if isinstance(inside, Mapping):
        body, inside = inside, inside.get("data")
    about = next((body[name] for name in ("meta", "pagination") if isinstance(body.get(name), Mapping)), body)
    try:
        current, last = int(about["current_page"]), int(about["last_page"])
    except (KeyError, TypeError, ValueError):
        return None
    return (inside, current, last) if isinstance(inside, list) else None


def in_turn(cursor: str, *lists: Callable[[str], Page]) -> Page:
    """A page of several lists read as one, the first list first; the cursor says which list it is of."""
    number, _, inside = cursor.partition(":")
    at = int(number or 0)
    page = lists[at](inside)
    if page.next_cursor is not None:
        return Page(page.records, f"{at}:{page.next_cursor}")
    return Page(page.records, f"{at + 1}:" if at + 1 < len(lists) else None)


def differs(record: Any, filters: Mapping[str, Any]) -> bool:
    """Whether a record is not among those asked for: a system may ignore a filter it does not know."""
    found = record if isinstance(record, Mapping) else {}
    return any(
        found.get(name) is not None and not _equals(found[name], asked) for name, asked in filters.items()
    )


def _equals(found: Any, asked: str) -> bool:
    if asked in ("true", "false"):
        return (str(found).lower() not in NO) == (asked == "true")
    return str(found).casefold() == asked.casefold()


class Cursors:
    """The cursors that the reading of one list has met."""

    def __init__(self) -> None:
        self.met: set[str] = set()

    def follow(self, page: Page, service: type[Service], *, doing: str = "list records") -> str | None:
        """The cursor of the page after this one; None after the last. Raises `EndlessList`."""
        if page.next_cursor is None:
            return None
        if page.next_cursor in self.met or len(self.met) == MOST_PAGES:
            raise EndlessList("The list does not end", doing=doing, system=service.title)
        self.met.add(page.next_cursor)
        return page.next_cursor


def all_records(service: Service, read: Callable[[str], Page], *, doing: str) -> Iterator[Any]:
    """The records of a list, as many pages as it takes. Raises `EndlessList` and what a call raises."""
    cursors = Cursors()
    cursor: str | None = ""
    while cursor is not None:
        page = read(cursor)
        yield from page.records
        cursor = cursors.follow(page, type(service), doing=doing)


def storable(records: list[Any]) -> list[Any]:
    """The records as PostgreSQL can keep them: NUL and half a character become U+FFFD, NaN becomes null."""
    text = json.dumps(records, ensure_ascii=False)
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    clean = whole.replace("\\u0000", "\\ufffd")
    if clean == text and "NaN" not in text and "Infinity" not in text:
        return records
    read: list[Any] = json.loads(clean, parse_constant=lambda _: None)
    return read


def only_asked_for(
    service: Service, records: Iterable[Any], field: str, asked: Container[str], *, doing: str
) -> Iterator[Any]:
    """The records that this field identifies. Raises `Unavailable` at one that nobody asked for."""
    for record in records:
        if isinstance(record, Mapping) and record.get(field) is not None:
            if str(record[field]) not in asked:
                raise unreadable(service, doing)
            yield record


def id_in(service: Service, answer: Any, *, doing: str, **asked: Any) -> int:
    """The id of the record that a write answered with; `asked` are fields that it must repeat.

    Raises `Unavailable` when there is none, or when it is another record's.
    """
    record = answer.get("data", answer) if isinstance(answer, Mapping) else None
    if differs(record, {name: str(value) for name, value in asked.items()}):
        raise unreadable(service, doing)
    try:
        return int(record["id"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        raise unreadable(service, doing) from None


def unreadable(service: Service, doing: str) -> Unavailable:
    return Unavailable("Unreadable answer", cause="unreadable_answer", doing=doing, system=service.title)
