"""A cheap HTTP client: many keep-alive connections in one thread, each request some dozen microseconds."""

import asyncio
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import uvloop

HOST = "127.0.0.1"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Numbered = tuple[int, bytes]


class LoadError(Exception):
    """The server closed a connection, or did not accept an event."""


@dataclass(frozen=True, slots=True)
class Answer:
    """When an event was posted and acknowledged, in seconds since the epoch."""

    number: int
    sent_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        return self.answered_at - self.sent_at


@dataclass(frozen=True)
class Target:
    """Where events are posted, and with which key."""

    port: int
    key: str

    @cached_property
    def head(self) -> bytes:
        return (
            f"POST /api/events HTTP/1.1\r\nHost: {HOST}\r\nX-API-Key: {self.key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def request(self, body: bytes) -> bytes:
        return b"%s%d\r\n\r\n%s" % (self.head, len(body), body)


class Line(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def send(self, number: int, request: bytes) -> None:
        self.number, self.sent_at = number, time.time()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if found and length and len(body) >= int(length[1]):
            self.buffer = b""
            self._answered(int(head[9:12]), body)

    def _answered(self, status: int, body: bytes) -> None:
        if status == 202:
            self.load.answered(self, Answer(self.number, self.sent_at, time.time()))
        else:
            self.load.fail(f"An event was answered with {status}: {body[:300]!r}")

    def connection_lost(self, error: Exception | None) -> None:
        self.load.fail(f"A connection was closed: {error}")


class Load:
    """Numbered events on their way to a target, and the answers that came back."""

    def __init__(self, target: Target, events: Iterable[Numbered]) -> None:
        self.target = target
        self.events: Iterator[Numbered] = iter(events)
        self.answers: list[Answer] = []
        self.lines: list[Line] = []
        self.under_way = 0
        self.ended = asyncio.get_running_loop().create_future()

    async def open(self, lines: int) -> list[Line]:
        loop = asyncio.get_running_loop()
        made = [loop.create_connection(lambda: Line(self), HOST, self.target.port) for _ in range(lines)]
        self.lines = [line for _, line in await asyncio.gather(*made)]
        return self.lines

    async def close(self) -> None:
        for line in self.lines:
            line.transport.close()
        await asyncio.sleep(0)

    def feed(self, line: Line) -> bool:
        """Send the next event; False if there is none."""
        event = next(self.events, None)
        if event is not None:
            self.under_way += 1
            line.send(event[0], self.target.request(event[1]))
        return event is not None

    def answered(self, line: Line, answer: Answer) -> None:
        self.under_way -= 1
        self.answers.append(answer)
        self.go_on(line)

    def go_on(self, line: Line) -> None:
        if not self.feed(line) and not self.under_way and not self.ended.done():
            self.ended.set_result(None)

    def fail(self, sentence: str) -> None:
        if not self.ended.done():
            self.ended.set_exception(LoadError(sentence))


class PacedLoad(Load):
    """Sends at fixed times instead of as soon as the last was answered."""

    def __init__(self, target: Target, events: Iterable[Numbered], seconds_between: float) -> None:
        super().__init__(target, events)
        self.seconds_between = seconds_between
        self.idle: list[Line] = []

    def go_on(self, line: Line) -> None:
        self.idle.append(line)

    async def keep_time(self) -> None:
        """Send until no event is left and every one is answered. Raises LoadError."""
        next_at = time.monotonic()
        while not self.ended.done() and (not self.idle or self.feed(self.idle.pop())):
            next_at += self.seconds_between
            await asyncio.sleep(max(next_at - time.monotonic(), 0))
        while self.under_way and not self.ended.done():
            await asyncio.sleep(0.005)
        if not self.ended.done():
            self.ended.set_result(None)
        self.ended.result()


def flood(target: Target, events: Iterable[Numbered], lines: int) -> list[Answer]:
    """Send everything, each connection its next event as soon as the last was answered. Raises LoadError."""

    async def run() -> list[Answer]:
        load = Load(target, events)
        try:
            for line in await load.open(lines):
                load.feed(line)
            await load.ended
            return load.answers
        finally:
            await load.close()

    return uvloop.run(run())


def drip(target: Target, events: Iterable[Numbered], seconds_between: float, lines: int = 4) -> list[Answer]:
    """Send one event after each pause, whether or not the last was answered. Raises LoadError."""

    async def run() -> list[Answer]:
        load = PacedLoad(target, events, seconds_between)
        try:
            load.idle = list(await load.open(lines))
            await load.keep_time()
            return load.answers
        finally:
            await load.close()

    return uvloop.run(run())
