"""How every system is called: routes, JSON bodies, answers, errors, and the phones it accepts."""

import json
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Self

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, ValidationError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
JSON_TYPE = "application/json"
DATED = re.compile(r"\d{2}:\d{2}|\d{4}-\d{2}-\d{2}")
MONEY = re.compile(r"\d+(\.\d+)?")
KEYS = ("message_id", "first_message_id")  # WhatsApp's own, of letters too
TEXTS = ("name", "text", "title", "description", "summary", "comment")
BRAZILIAN = re.compile(r"55\d{10,11}")
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Routes(web.RouteTableDef):
    """The calls a system offers below `prefix`. A title is what the page says of a call, in Portuguese."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.prefix = prefix
        self.titles: dict[str, str] = {}  # by method and path, as in "GET /api/v1/leads/{id}"

    def route(
        self, method: str, path: str, *, title: str = "", prefix: str | None = None, **options: Any
    ) -> Callable[[Any], Any]:
        self.titles[f"{method} {path}"] = title
        if method == hdrs.METH_GET:
            options["allow_head"] = False  # some of Z-API's GETs change something
        return super().route(method, f"{self.prefix if prefix is None else prefix}{path}", **options)


class ApiError(Exception):
    """The system does not do what it was asked; `response` says why."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.response = answer({"message": message, **more}, status)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return error.response
    except web.HTTPException as error:  # aiohttp's own, as for a path it does not know
        return answer({"message": error.reason.capitalize()}, error.status)


class RequestModel(BaseModel):
    """A JSON object that is asked for: only the fields it names, in their own types."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        """Raises ApiError naming the first field that is wrong."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            message = f"Invalid {where}: {first['input']!r}, {first['msg']}"
            raise ApiError(HTTPStatus.BAD_REQUEST, message) from None


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent, empty without a body. Raises ApiError."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise ApiError(HTTPStatus.BAD_REQUEST, "Body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiError(HTTPStatus.BAD_REQUEST, "Body is not a JSON object")
    return body


async def record_of(request: web.Request) -> dict[str, Any]:
    """The record that was sent. Raises ApiError, also for a field that is not what its name says."""
    record = await body_of(request)
    if wrong := {
        name: [f"must be {kind}"] for name, value in record.items() if (kind := _not_a(name, value))
    }:
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, f"Invalid {', '.join(wrong)}", errors=wrong)
    return record


def _not_a(name: str, value: Any) -> str:
    """What the field should be, by its name; empty where it is that, or may be anything."""
    if value is None:
        return ""
    if (name.endswith("_id") and name not in KEYS) or name == "rating":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number and (name == "rating" or isinstance(value, int)) else "a number"
    if name.endswith(("_at", "_on")):
        return "" if isinstance(value, str) and DATED.match(value) else "a date"
    if name == "amount":
        return "" if MONEY.fullmatch(str(value)) else "an amount"
    if name == "available":
        return "" if isinstance(value, bool) else "true or false"
    return "" if name not in TEXTS or isinstance(value, str) else "a text"


def id_of(request: web.Request, name: str = "id") -> int:
    """A parameter of the path that is an id. Raises ApiError."""
    if not request.match_info[name].isdecimal():
        raise ApiError(HTTPStatus.NOT_FOUND, "Not found")
    return int(request.match_info[name])


def answer(data: Any, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=encode(data).encode(), status=status, content_type=JSON_TYPE)


def no_content() -> web.Response:
    return web.Response(status=HTTPStatus.NO_CONTENT)


def found(record: Any) -> web.Response:
    return answer({"data": record})


def created(record: Any, *, new: bool = True) -> web.Response:
    """200 if the record was there before."""
    return answer({"data": record}, HTTPStatus.CREATED if new else HTTPStatus.OK)


def valid_phone(phone: Any) -> None:
    """Raises ApiError for what is not 12 or 13 digits that begin with 55."""
    if not isinstance(phone, str) or not BRAZILIAN.fullmatch(phone):
        errors = {"phone": ["must be 12 or 13 digits that begin with 55"]}
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid phone number", errors=errors)


def phone_or_lid(fields: dict[str, Any]) -> None:
    """Raises ApiError unless there is a valid phone, or no phone and WhatsApp's own id of the person."""
    if fields.get("phone") or not fields.get("lid"):
        valid_phone(fields.get("phone"))
