"""Logs as JSON lines, each with the id of the request or delivery it belongs to."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="")
SECRET_IN_PATH = re.compile(r"(/webhooks/whatsapp/|/instances/[^/\s\"]+/token/)[^/\s\"?]+")
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
    """Adds `request_id` to every record made while a request or a delivery runs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if current := request_id.get():
            record.request_id = current
        return True


class RequestIdMiddleware:
    """Takes the caller's `X-Request-ID` when it is harmless, else makes one, and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        token = request_id.set(given if ACCEPTABLE.match(given) else uuid.uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
