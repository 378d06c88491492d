"""The other systems as a sink: each call is noted and answered in some ten microseconds.

So the measured system has the machine; a simulator that judges every call takes as much of it as the hub.
`python -m tests.bench.sink PORT` serves until it is ended; `Sink` is how the benchmark talks to it.
"""

import asyncio
import itertools
import json
import re
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple

import uvloop

HOST = "127.0.0.1"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CONTROL = "/_bench/"
FINE = b'{"id":"sink","connected":true,"smartphoneConnected":true,"value":true,"exists":true,"messages":[]}'


class Call(NamedTuple):
    at: float  # seconds since the epoch
    method: str
    target: str  # system and path
    body: bytes

    @property
    def delivers(self) -> bool:
        """Looks and settings at Z-API are none of an event's calls."""
        return self.method in ("POST", "PATCH") and not self.target.endswith("/queue")

    def as_json(self) -> dict[str, Any]:
        _, system, path = self.target.split("/", 2)
        return {"at": self.at, "system": system, "path": f"/{path}", "body": json.loads(self.body)}


class Ledger:
    """Every call that came, and how late it is answered."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.numbers = itertools.count(1)  # Z-API gives no id twice, whatever was forgotten
        self.seconds = 0.0

    def note(self, call: Call) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self.calls.append(call)
        number = next(self.numbers)
        if not call.target.startswith("/zapi/"):
            return 201, b'{"data":{"id":%d}}' % number
        if not call.delivers:
            return 200, FINE
        return 200, b'{"zaapId":"Z%d","messageId":"M%d","id":"M%d"}' % (number, number, number)

    def control(self, order: str) -> bytes:
        if order == "reset":
            self.calls.clear()
        elif order != "calls":
            self.seconds = float(order.removeprefix("slow/")) / 1000
        else:
            return json.dumps([call.as_json() for call in self.calls if call.delivers]).encode()
        return b"{}"


class Connection(asyncio.Protocol):
    """A kept connection, one request after the other."""

    def __init__(self, ledger: Ledger, later: Callable[..., object]) -> None:
        self.ledger = ledger
        self.later = later
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = LENGTH.search(head)
        if length and len(body) < int(length[1]):
            return
        self.buffer = b""
        method, target, _ = head.decode("latin-1").split(" ", 2)
        if target.startswith(CONTROL):
            self.write(200, self.ledger.control(target.removeprefix(CONTROL)))
            return
        answer = self.ledger.note(Call(time.time(), method, target, body))
        if self.ledger.seconds:
            self.later(self.ledger.seconds, self.write, *answer)
        else:
            self.write(*answer)

    def write(self, status: int, body: bytes) -> None:
        head = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(head % (status, len(body)) + body)


async def serve(port: int) -> None:
    loop, ledger = asyncio.get_running_loop(), Ledger()
    server = await loop.create_server(lambda: Connection(ledger, loop.call_later), HOST, port, backlog=1024)
    await server.serve_forever()


class Sink:
    """A sink that runs at `url`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}"

    def reset(self) -> None:
        self._ask("reset")

    def answer_after(self, milliseconds: int) -> None:
        self._ask(f"slow/{milliseconds}")

    def calls(self) -> list[dict[str, Any]]:
        """The calls of deliveries, oldest first: `at`, `system`, `path` and `body`."""
        return self._ask("calls")

    def _ask(self, order: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{CONTROL}{order}", timeout=30) as answer:
            return json.load(answer)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
