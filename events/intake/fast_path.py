"""`POST /api/events` for a caller whom Django let through a moment ago: no middleware, no statement but one.

What the usual way decides about a caller by their headers (host, key, what the answer's headers are) holds
here for `AUTHORISED_SECONDS`, for requests that say the same in every header except each event's own: a
revoked key ends within that time. Whatever does not end here with an event stored or recognised goes the
usual way as if nothing had been tried: refusals have one place.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings

from carinho.access import rate_limits
from carinho.access.permissions import Principal
from carinho.logs import ids_of, traceparent
from carinho.rsgi import Environ, Headers, IncompleteBody
from events.intake import dialects, envelope, views
from events.intake.envelope import Envelope, RequestRejected
from events.intake.group_commit import GroupCommit
from events.intake.ingestion import Conflict

logger = logging.getLogger(__name__)

AUTHORISED_SECONDS = 5.0
MOST_AUTHORISED = 1000
LARGEST_BODY = 32 * 1024  # bytes; a larger one would keep the event loop from all others
EACH_EVENTS_OWN = frozenset(
    {"CONTENT_LENGTH", "HTTP_X_REQUEST_ID", "HTTP_TRACEPARENT", "HTTP_TRACESTATE"}
    | {"HTTP_" + name.upper().replace("-", "_") for name in envelope.HEADERS}
)
EACH_ANSWERS_OWN = frozenset({"content-length", "x-request-id", "traceparent"})

Caller = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Authorised:
    """Whom the usual way let through, until when (monotonic), and the headers that all their answers have."""

    principal: Principal
    until: float
    headers: Headers


class FastPath:
    """The shortcut of one web process."""

    def __init__(self) -> None:
        self.authorised: dict[Caller, Authorised] = {}
        self.commits = GroupCommit()

    def answered(self, environ: Mapping[str, Any], status: int, headers: Headers) -> None:
        principal = environ.get(views.PRINCIPAL)
        if principal is None or status not in (HTTPStatus.ACCEPTED, HTTPStatus.OK):
            return
        if len(self.authorised) >= MOST_AUTHORISED:
            self.authorised.clear()
        standing = [
            (name, value)
            for name, value in headers
            if name.lower() not in EACH_ANSWERS_OWN and not name.startswith("RateLimit-")
        ]
        self.authorised[caller_of(environ)] = Authorised(
            principal, time.monotonic() + AUTHORISED_SECONDS, standing
        )

    async def answer(self, environ: Environ) -> tuple[int, Headers, bytes] | None:
        found = self.authorised.get(caller_of(environ))
        if found is None or found.until < time.monotonic():
            return None
        request_id, trace_id = ids_of(
            environ.get("HTTP_X_REQUEST_ID", ""), environ.get("HTTP_TRACEPARENT", "")
        )
        item = read(environ, found.principal, request_id, trace_id)
        if item is None:
            return None
        client = rate_limits.of_events(found.principal.client)
        rate = rate_limits.count_ahead(client, settings.RATE_LIMIT_EVENTS)
        if rate is None:
            return None
        try:
            receipt = await self.commits.accept(item)
        except Exception as error:  # noqa: BLE001 -- the usual way finds out what it is, for each by itself
            logger.warning("Events were not stored together", extra={"error": type(error).__name__})
            return None
        if isinstance(receipt, Conflict):
            return None
        body = json.dumps(views.receipt_of(receipt)).encode()
        own = {
            "Content-Length": str(len(body)),
            "X-Request-ID": request_id,
            "traceparent": traceparent(request_id, trace_id),
        }
        return views.status_of(receipt), [*found.headers, *own.items(), *rate.headers.items()], body


def caller_of(environ: Mapping[str, Any]) -> Caller:
    """All that the usual way may look at before it reads the body."""
    return frozenset(
        (name, value)
        for name, value in environ.items()
        if name not in EACH_EVENTS_OWN and isinstance(value, str)
    )


def read(environ: Environ, principal: Principal, request_id: str, trace_id: str) -> Envelope | None:
    """The event of a request; None for one that the usual way has to refuse, or to read."""
    stream: BytesIO = environ["wsgi.input"]
    if isinstance(stream, IncompleteBody) or int(environ["CONTENT_LENGTH"]) > LARGEST_BODY:
        return None
    given = {name: environ.get("HTTP_" + name.upper().replace("-", "_")) for name in envelope.HEADERS}
    headers = {name: value for name, value in given.items() if value}
    try:
        body = envelope.parse(stream.getvalue())
        source = dialects.source_of(body, headers, principal.sources)
        views.require_source(principal, source)
        return envelope.read(
            dialects.translate(body, source),
            source=source,
            headers=headers,
            request_id=request_id,
            trace_id=trace_id,
        )
    except RequestRejected:
        return None
