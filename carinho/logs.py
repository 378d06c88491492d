"""Logs as JSON lines, each with the id of the request or delivery it belongs to."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from carinho import traces

request_id: ContextVar[str] = ContextVar("request_id", default="")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")  # where the request id does not say it
SECRET_IN_PATH = re.compile(r"(/webhooks/whatsapp/|/instances/[^/\s\"]+/token/)[^/\s\"?]+")
delivery_ids: ContextVar[dict[str, int] | None] = ContextVar("delivery_ids", default=None)
ACCEPTABLE = re.compile(r"^[\w.:-]{1,64}$", re.ASCII)


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line: time, level, logger, message and the ids given as `extra`."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )

    def format(self, record: logging.LogRecord) -> str:
        """Z-API's token and our webhook's secret stand in addresses, and an address may stand anywhere."""
        return SECRET_IN_PATH.sub(r"\1***", super().format(record))


class RequestIdFilter(logging.Filter):
    """Adds the ids of the request, trace, event and delivery that run to every record made meanwhile."""

    def filter(self, record: logging.LogRecord) -> bool:
        if current := request_id.get():
            record.request_id = current
            record.trace_id = trace_id.get() or traces.trace_of(current)
        for name, value in (delivery_ids.get() or {}).items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


class WithoutTraceback(logging.Filter):
    """For what strangers cause as often as they like: its sentence says it all."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True


class RequestIdMiddleware:
    """Takes the caller's `X-Request-ID` when it is harmless, else their trace's id, else makes one.

    A caller who gives both keeps both. The answer carries the id, and the `traceparent` of the trace.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given, trace = _id_of(request), traces.trace_in(request.headers.get("traceparent", ""))
        token, trace_token = (
            request_id.set(given or trace or uuid.uuid4().hex),
            trace_id.set(trace if given else ""),
        )
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            response["traceparent"] = traces.traceparent(request_id.get(), trace_id.get())
            return response
        finally:
            request_id.reset(token)
            trace_id.reset(trace_token)


def _id_of(request: HttpRequest) -> str:
    """The id that the caller gave, if it is harmless."""
    given = request.headers.get("X-Request-ID", "")
    return given if ACCEPTABLE.match(given) else ""
