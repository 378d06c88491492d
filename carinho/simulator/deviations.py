"""How a system may differ from what the hub asks, one at a time: what `manage.py conformance` has to find.

A deviation is switched on for one call, by `PUT /_control/deviations/crm` with its name and the call, as in
`{"name": "filter_ignored", "call": "GET /api/v1/leads"}`.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from carinho.simulator.protocol import ApiError, Handler, answer

if TYPE_CHECKING:
    from carinho.simulator.system import System

REJECTIONS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
OK = range(200, 300)


@dataclass(frozen=True)
class Deviation:
    """`changes` gets status and body of an answer and gives others; None leaves it as it is."""

    title: str
    changes: Callable[[int, Any], web.Response | None] = lambda _status, _body: None
    forgets_keys: bool = False
    forgets_writes: bool = False
    ignores: tuple[str, ...] | None = None  # parameters of the query; empty: all but those of pages


PAGES = ("cursor", "limit")
MOMENTS = ("finished_at", "updated_at")


def _of_page(change: Callable[[dict[str, Any]], Any]) -> Callable[[int, Any], web.Response | None]:
    def changes(status: int, body: Any) -> web.Response | None:
        return answer(change(body), status) if status in OK and "next_cursor" in (body or {}) else None

    return changes


def _of_record(
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> Callable[[int, Any], web.Response | None]:
    def changes(status: int, body: Any) -> web.Response | None:
        data = body.get("data") if isinstance(body, dict) else None
        if status not in OK or not data:
            return None
        changed = [change(row) for row in data] if isinstance(data, list) else change(data)
        return answer(body | {"data": changed}, status)

    return changes


def _when(
    statuses: Any, response: Callable[[Any], web.Response]
) -> Callable[[int, Any], web.Response | None]:
    return lambda status, body: response(body) if status in statuses else None


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda row: {key: value for key, value in row.items() if key != name}


HTML = "<!DOCTYPE html><html><body>Erro</body></html>"
CRASH = {"success": False, "message": "SQLSTATE[HY000] [2002] Connection refused"}

DEVIATIONS = {
    "path_missing": Deviation("404", _when(range(600), lambda _: answer({"message": "Not found"}, 404))),
    "method_missing": Deviation("405", _when(range(600), lambda _: answer({"message": "Not allowed"}, 405))),
    "field_renamed": Deviation(
        "id → codigo", _of_record(lambda row: _without("id")(row) | {"codigo": row.get("id")})
    ),
    "field_missing": Deviation("no id", _of_record(_without("id"))),
    "field_as_text": Deviation("id as text", _of_record(lambda row: row | {"id": f"x-{row.get('id')}"})),
    "field_as_object": Deviation(
        "id as object", _of_record(lambda row: row | {"id": {"value": row.get("id")}})
    ),
    "moment_without_offset": Deviation(
        "no offset", _of_record(lambda row: row | {name: row[name][:19] for name in row if name in MOMENTS})
    ),
    "record_nested": Deviation("data.record", _of_record(lambda row: {"record": row})),
    "pages_by_number": Deviation(
        "meta in place of next_cursor",
        _of_page(lambda body: {"data": body["data"], "meta": {"current_page": 1, "last_page": 1}}),
    ),
    "list_bare": Deviation("a list without data", _of_page(lambda body: body["data"])),
    "list_elsewhere": Deviation(
        "items in place of data", _of_page(lambda body: {"items": body["data"], "next_cursor": None})
    ),
    "list_inside_data": Deviation("data.data", _of_page(lambda body: {"data": body, "next_cursor": None})),
    "filter_ignored": Deviation("filters ignored", ignores=()),
    "nothing_as_unknown": Deviation(
        "404 in place of an empty list",
        lambda status, body: (
            answer({"message": "Not found"}, 404) if status in OK and (body or {}).get("data") == [] else None
        ),
    ),
    "creation_refused": Deviation(
        "404 in words of its own", _when(OK, lambda _: answer({"message": "No such contract"}, 404))
    ),
    "start_ignored": Deviation("from ignored", ignores=("from",)),
    "end_ignored": Deviation("to ignored", ignores=("to",)),
    "second_refused": Deviation(
        "409 for all but the first",
        lambda status, body: (
            answer({"message": "Exists already"}, 409) if status in OK and body["data"]["id"] > 1 else None
        ),
    ),
    "second_merged": Deviation("each is the first", _of_record(lambda row: row | {"id": 1})),
    "rest_lost": Deviation(
        "what does not come is emptied",
        _when((200,), lambda body: answer({"data": body["data"] | {"name": None, "phone": None}})),
    ),
    "status_ignored": Deviation(
        "status ignored and not shown", _of_record(_without("status")), ignores=("status",)
    ),
    "mark_filter_ignored": Deviation(
        "billed ignored and not shown", _of_record(_without("billed")), ignores=("billed",)
    ),
    "mark_ignored": Deviation("200, and nothing is marked", forgets_writes=True),
    "cursor_ignored": Deviation("each page is the first", ignores=("cursor",)),
    "limit_ignored": Deviation("as many rows as there are", ignores=("limit",)),
    "key_ignored": Deviation("idempotency keys ignored", forgets_keys=True),
    "refusal_redirects": Deviation(
        "302 in place of 422",
        _when(REJECTIONS, lambda _: web.Response(status=302, headers={"Location": "/"})),
    ),
    "refusal_as_success": Deviation(
        "200 in place of 422", _when(REJECTIONS, lambda body: answer({"success": False} | body, 200))
    ),
    "refusal_as_crash": Deviation("500 in place of 422", _when(REJECTIONS, lambda body: answer(body, 500))),
    "refusal_as_page": Deviation(
        "422 in HTML",
        _when(REJECTIONS, lambda _: web.Response(text=HTML, status=422, content_type="text/html")),
    ),
    "refusal_without_reason": Deviation(
        "422 without message", _when(REJECTIONS, lambda _: answer({"ok": False}, 422))
    ),
    "crash_as_refusal": Deviation("400 with SQLSTATE", _when(OK, lambda _: answer(CRASH, 400))),
    "crash": Deviation("500", _when(OK, lambda _: answer(CRASH, 500))),
    "answer_as_page": Deviation(
        "200 in HTML", _when(OK, lambda _: web.Response(text=HTML, content_type="text/html"))
    ),
    "answer_empty": Deviation("200 without a body", _when(OK, lambda _: web.Response(status=200))),
    "answer_redirects": Deviation(
        "302", _when(OK, lambda _: web.Response(status=302, headers={"Location": "/login"}))
    ),
    "unknown_accepted": Deviation(
        "200 in place of 404", _when((404,), lambda _: answer({"data": {"success": True}}))
    ),
    "unknown_as_refusal": Deviation("400 in place of 404", _when((404,), lambda body: answer(body, 400))),
    "unknown_crashes": Deviation("500 in place of 404", _when((404,), lambda _: answer(CRASH, 500))),
    "unknown_silent": Deviation("404 without message", _when((404,), lambda _: answer({"ok": False}, 404))),
    "change_ignored": Deviation(
        "a city stays as it was first", _of_record(lambda row: row | {"city": "São Paulo"})
    ),
    "conflict_unnamed": Deviation(
        "422 in place of 409", _when((409,), lambda _: answer({"message": "Taken"}, 422))
    ),
    "change_refused": Deviation(
        "409 for a record that is there", _when((200,), lambda _: answer({"message": "Exists already"}, 409))
    ),
    "door_open": Deviation(
        "any key opens", _when((401,), lambda _: answer({"data": [], "next_cursor": None}))
    ),
    "door_silent": Deviation("401 without message", _when((401,), lambda _: answer({"ok": False}, 401))),
    "door_forbids": Deviation("403 in place of 401", _when((401,), lambda _: answer({"message": "x"}, 403))),
    "door_crashes": Deviation("500 in place of 401", _when((401,), lambda _: answer(CRASH, 500))),
}


@web.middleware
async def deviate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let one call of a system be answered in another way, if a deviation is switched on."""
    from carinho.simulator.system import SYSTEM  # which puts this middleware around itself

    system: System = request.app[SYSTEM]
    name, call = system.deviation
    resource = request.match_info.route.resource
    path = resource.canonical.removeprefix(f"/{system.name}") if resource else request.path
    if not name or call != f"{request.method} {path}":
        return await handler(request)
    deviation = DEVIATIONS[name]
    if deviation.forgets_keys:
        system.keys.uses.clear()
    whole = request._rel_url  # noqa: SLF001 -- a request whose body was read cannot be cloned
    if deviation.ignores is not None:
        kept = {
            key: value
            for key, value in whole.query.items()
            if (key not in deviation.ignores if deviation.ignores else key in PAGES)
        }
        request._rel_url = whole.with_query(kept)  # noqa: SLF001
    before = copy.deepcopy(system.tables) if deviation.forgets_writes else {}
    response = await handler(request)
    for table, kept_rows in before.items():
        vars(system.tables[table]).update(vars(kept_rows))
    request._rel_url = whole  # noqa: SLF001 -- the journal keeps what was asked
    if not isinstance(response, web.Response):
        return response
    is_json = response.content_type == "application/json" and isinstance(response.body, bytes)
    body = json.loads(response.body) if is_json and response.body else None  # type: ignore[arg-type]
    return deviation.changes(response.status, body) or response


def read(fields: dict[str, Any]) -> tuple[str, str]:
    """Name and call of a deviation. Raises ApiError."""
    name, call = str(fields.get("name", "")), str(fields.get("call", ""))
    if name and name not in DEVIATIONS:
        raise ApiError(
            HTTPStatus.BAD_REQUEST, f"No deviation is called {name!r}; there are {', '.join(DEVIATIONS)}"
        )
    return name, call
