"""The web process as granian serves it, over RSGI: a request takes a thread once its body is here.

A WSGI server's thread waits for the body itself, so a few senders of half a body would keep all the threads.
RSGI: https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from threading import Lock
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.utils.module_loading import import_string

from carinho.database_watch import DatabaseAway, DatabaseWatch
from carinho.logs import RequestIdMiddleware
from carinho.wsgi import application as django_application

ALIVE = "/health"  # is answered without a database
THREADS = min(4, 2 * (os.cpu_count() or 1) + 1)  # one costs 10 % less CPU, but waits
BODY_SECONDS = 15.0
BODY_BYTES = 3 * 1024 * 1024  # each address has a limit of its own, below this one
BATCH_BYTES = 32 * 1024 * 1024 + 1
BATCH = "/api/events/batch"
CREDENTIALS = ("HTTP_X_API_KEY", "HTTP_AUTHORIZATION", "HTTP_COOKIE")
KEPT_BYTES = 64 * 1024  # of a body that is too long by its own account
NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
SERVER = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}

Environ = dict[str, Any]
Headers = Sequence[tuple[str, str]]


class Shortcut(Protocol):
    """Answers, on the event loop, such POSTs to one address as need neither Django nor a thread."""

    async def answer(self, environ: Environ) -> tuple[int, Headers, bytes] | None:
        """Status, headers and body; None leaves the request to Django, as if nothing had been tried."""

    def answered(self, environ: Mapping[str, Any], status: int, headers: Headers) -> None:
        """Django answered this request so: what that says of the next ones may be remembered."""


class IncompleteBody(BytesIO):
    """The start of a body that broke off, took too long or is too large: reading on fails, as on a socket."""

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        if not part and size != 0:
            raise OSError("The body did not come to its end")
        return part


class Reply:
    """The answer to one request. Only the first is sent: a database that went away may answer in the end."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.is_first = Lock()

    def send(self, status: int, headers: Headers, body: bytes) -> None:
        if self.is_first.acquire(blocking=False):
            self.protocol.response_bytes(status, headers, body)


class Application:
    """Reads the body on the event loop, and calls Django in a thread of its pool."""

    def __init__(self) -> None:
        self.shortcuts: dict[str, Shortcut] = {
            path: import_string(name)() for path, name in settings.SHORTCUTS.items()
        }
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web")
        self.database = DatabaseWatch(self._leave_threads)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        environ = environ_of(scope)
        if scope.method not in NO_BODY:
            await add_body(environ, protocol)
        reply = Reply(protocol)
        if self.database.is_away and scope.path != ALIVE:
            reply.send(*without_database(environ))
            return
        try:
            with self.database.watched():
                await self._answer(scope, environ, reply)
        except DatabaseAway:
            reply.send(*without_database(environ))

    async def _answer(self, scope: Any, environ: Environ, reply: Reply) -> None:
        shortcut = self.shortcuts.get(scope.path) if scope.method == "POST" else None
        if shortcut and (answered := await shortcut.answer(environ)):
            reply.send(*answered)
            return
        loop = asyncio.get_running_loop()
        status, headers = await loop.run_in_executor(self.pool, answer, environ, reply)
        if shortcut:
            shortcut.answered(environ, status, headers)

    def _leave_threads(self) -> None:
        """Those that wait for the database end when it lets them; what needs none finds others."""
        self.pool.shutdown(wait=False)
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web")


def environ_of(scope: Any) -> Environ:
    """What WSGI knows of a request (PEP 3333), without its body.

    A header with an underscore in its name is left out: it would pass for the one with a hyphen that a proxy
    sets, `X_Forwarded_For` for `X-Forwarded-For`.
    """
    host, _, port = scope.server.rpartition(":")
    environ = SERVER | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
    }
    for name, value in scope.headers.items():
        if "_" not in name:
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if f"HTTP_{name}" in environ:
            environ[name] = environ.pop(f"HTTP_{name}")
    return environ


async def add_body(environ: Environ, protocol: Any) -> None:
    """Read as much of the body as this caller may send, and say its length: Django reads none without."""
    given = environ.get("CONTENT_LENGTH", "")
    declared = int(given) if given.isascii() and given.isdigit() else None
    is_batch = environ["PATH_INFO"] == BATCH and any(name in environ for name in CREDENTIALS)
    limit = BATCH_BYTES if is_batch else BODY_BYTES
    body, is_whole = await read(protocol, KEPT_BYTES if declared and declared > limit else limit)
    if is_whole and declared in (None, len(body)):
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = BytesIO(body)
    else:
        environ["CONTENT_LENGTH"] = str(declared or len(body) + 1)
        environ["wsgi.input"] = IncompleteBody(body)


async def read(protocol: Any, limit: int) -> tuple[bytes, bool]:
    """The body, and whether that is all of it: not if it takes too long or is longer than `limit` bytes."""
    body = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(BODY_SECONDS):
            async for part in protocol:
                body += part
                if len(body) > limit:
                    return bytes(body), False
            return bytes(body), True
    return bytes(body), False


def without_database(environ: Environ) -> tuple[int, Headers, bytes]:
    """What a request is answered while the database does not answer."""
    # they need a Django that is set up, which the import of `carinho.wsgi` above does last
    from carinho.api import errors
    from carinho.edge import HeadersMiddleware

    middleware: Any = RequestIdMiddleware(HeadersMiddleware(errors.without_database))
    response = middleware(WSGIRequest(environ))
    return response.status_code, list(response.items()), response.content


def answer(environ: Environ, reply: Reply) -> tuple[int, Headers]:
    """Let Django answer; status and headers of that answer.

    What it streams, files mostly, is sent in one piece: nothing here has no end.
    """
    status: list[Any] = []

    def start_response(line: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        status[:] = int(line[:3]), headers

    response = django_application(environ, start_response)  # type: ignore[arg-type] # Django calls no `write`
    try:
        reply.send(status[0], status[1], b"".join(response))
    finally:
        response.close()
    return status[0], status[1]


application = Application()
