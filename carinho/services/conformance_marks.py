"""Whether a write that marks a record is seen in the lists that are asked for by the mark."""

from collections.abc import Mapping
from dataclasses import dataclass

from carinho.services.operation import Mark, Operation
from carinho.services.pagination import LIMIT, laravel_page
from carinho.services.peer_answer import PeerAnswer
from carinho.services.peer_copy import PeerCopy, row_of

MOST_PAGES = 20  # of a copy's list in which one record is looked for


@dataclass(frozen=True)
class Listing:
    """In which of its two lists a record is; None where that could not be seen."""

    unmarked: bool | None
    marked: bool | None
    answer: PeerAnswer  # of the list of unmarked records, where the record was looked for last


def look(copy: PeerCopy, reader: Operation, mark: Mark, first_page: dict[str, str]) -> Listing:
    marked, _answer = _is_listed(copy, reader, {mark.filter: mark.after}, first_page)
    unmarked, answer = _is_listed(copy, reader, {mark.filter: mark.before}, first_page)
    return Listing(unmarked, marked, answer)


def _is_listed(
    copy: PeerCopy, reader: Operation, filters: dict[str, str], first_page: dict[str, str]
) -> tuple[bool | None, PeerAnswer]:
    query = reader.asks(copy.ids) | filters
    answer = copy.ask(reader, query=query | first_page)
    for _page in range(MOST_PAGES):
        if not answer.is_success or not isinstance(answer.body, Mapping):
            return None, answer
        if row_of(answer, {"id": copy.ids[reader.lists]}):
            return True, answer
        if numbered := laravel_page(answer.body):
            _rows, current, last = numbered
            following = {"page": str(current + 1), "per_page": str(LIMIT)} if current < last else {}
        else:
            cursor = answer.body.get("next_cursor")
            following = {"limit": str(LIMIT), "cursor": str(cursor)} if cursor else {}
        if not following:
            return False, answer
        answer = copy.ask(reader, query=query | following)
    return None, answer
