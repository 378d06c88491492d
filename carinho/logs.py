"""Logs as JSON lines, each with the ids of the request, trace and delivery it belongs to.

The id of a request is stored with the event it brought, and beside it the trace that came with it (W3C trace
context): both go on, hours later, with every delivery of that event. Without a trace of its own a request id
is one if it has 32 hex digits, and anything else has one derived.
"""

import hashlib
import logging
import re
import secrets
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from carinho.masking import mask_text

request_id: ContextVar[str] = ContextVar("request_id", default="")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")  # where the request id does not say it
QUERY = re.compile(r"(/[\w./%~:@+-]*)\?(?:[^\s\"'<>\\]|\\u[0-9a-f]{4})+")
SECRET_IN_PATH = re.compile(r"(/webhooks/whatsapp/|/instances/[^/\s\"]+/token/)[^/\s\"?]+")
delivery_ids: ContextVar[dict[str, int] | None] = ContextVar("delivery_ids", default=None)
TRACEPARENT = re.compile(r"^00-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
TRACE = re.compile(r"^(?!0{32})[0-9a-f]{32}$")
ACCEPTABLE = re.compile(r"^[\w.:-]{1,64}$", re.ASCII)


def trace_in(header: str) -> str:
    """The trace id of a `traceparent` that is well formed; empty for any other."""
    match = TRACEPARENT.match(header)
    return match["trace"] if match else ""


def trace_of(id: str) -> str:
    """The trace id that belongs to a request id; the same each time."""
    return id if TRACE.match(id) else hashlib.sha256(id.encode()).hexdigest()[:32]


def traceparent(id: str, trace: str = "") -> str:
    """The header for a call that belongs to the request with this id, as a new span of its trace."""
    return f"00-{trace or trace_of(id)}-{secrets.token_hex(8)}-01"


def without_people(sentence: str) -> str:
    """A sentence of the log without what addresses ask for, phones, e-mails, documents and secrets."""
    return mask_text(QUERY.sub(r"\1?***", sentence))


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line: time, level, logger, message and the ids given as `extra`."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )

    def format(self, record: logging.LogRecord) -> str:
        """Secrets stand in paths and people in queries, and an address may stand anywhere."""
        return QUERY.sub(r"\1?***", SECRET_IN_PATH.sub(r"\1***", super().format(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- the name that logging calls
        """The sentence of an exception may quote what a request or another system said."""
        return without_people(str(super().formatException(ei)))

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data["message"] = without_people(log_data["message"])
        if isinstance(request := log_data.get("request"), HttpRequest):  # given by Django with its errors
            log_data["request"] = f"{request.method} {request.path}"


class RequestIdFilter(logging.Filter):
    """Adds the ids of the request, trace, event and delivery that run to every record made meanwhile."""

    def filter(self, record: logging.LogRecord) -> bool:
        if current := request_id.get():
            record.request_id = current
            record.trace_id = trace_id.get() or trace_of(current)
        for name, value in (delivery_ids.get() or {}).items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


class SecurityWarnings(logging.Filter):
    """What Django refuses (a wrong host, too many fields, an undeclared filter) is one line and no error.

    Anybody may cause it as often as they like. Django logs each kind under a name of its own.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


def ids_of(asked: str, traceparent: str) -> tuple[str, str]:
    """A request's id and, where that does not say it, its trace; from `X-Request-ID` and `traceparent`.

    The id is the caller's when it is harmless, else their trace's, else a new one.
    """
    given = asked if ACCEPTABLE.match(asked) else ""
    trace = trace_in(traceparent)
    return given or trace or uuid.uuid4().hex, trace if given else ""


class RequestIdMiddleware:
    """Gives each request its ids; the answer carries the id, and the `traceparent` of the trace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        id, trace = ids_of(request.headers.get("X-Request-ID", ""), request.headers.get("traceparent", ""))
        token = request_id.set(id)
        trace_token = trace_id.set(trace)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            response["traceparent"] = traceparent(request_id.get(), trace_id.get())
            return response
        finally:
            request_id.reset(token)
            trace_id.reset(trace_token)
