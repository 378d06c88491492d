"""Carrying callbacks to those who listen, as well or as badly as the switches say."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from carinho.simulator import ZAPI_TOKEN
from carinho.simulator.systems.zapi.callback import Callback
from carinho.simulator.systems.zapi.faults import WebhookFault

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

HEADERS = {
    "Origin": "https://api.z-api.io",
    "Server": "Z-API",
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/102",
    "Z-Api-Token": ZAPI_TOKEN,
}
MOST_KEPT = 20_000
SECONDS_TO_ANSWER = aiohttp.ClientTimeout(total=30)
ONCE, AGAIN = (0,), (0, 1, 5, 25)  # seconds before each try
HELD_SECONDS = 20  # longer than it takes until the next callback about the same message


@dataclass(slots=True)
class Letter:
    """A callback on its way to an address, and what came of it: a status, or an error."""

    callback: Callback
    url: str
    fault: str | None = None
    attempt: int = 1
    answer: int | None = None
    error: str | None = None
    at: float = field(default_factory=time.time)

    @property
    def arrived(self) -> bool:
        return self.answer is not None and 200 <= self.answer < 300

    def as_json(self) -> dict[str, Any]:
        outcome = {"answer": self.answer, "error": self.error, "fault": self.fault, "attempt": self.attempt}
        return {
            "at": self.at,
            "type": self.callback.type,
            "url": self.url,
            **outcome,
            "body": self.callback.body,
        }


class Courier:
    """Delivers callbacks without ever making the server wait, and keeps a log of them."""

    def __init__(self, zapi: "Zapi") -> None:
        self.zapi = zapi
        self.log: deque[Letter] = deque(maxlen=MOST_KEPT)
        self._held: dict[str, Letter] = {}
        self._http: aiohttp.ClientSession | None = None

    async def deliver(self, callback: Callback) -> None:
        """Tell those who asked for it. Returns when they answered, or when a fault has it for later."""
        url = self.zapi.webhooks.url(callback)
        if url is None or self.zapi.session.silent:
            return
        fault = self.zapi.faults.webhook_fault(callback)
        if fault:
            await self._spoil(Letter(callback, url, fault.kind), fault)
        else:
            await self._carry(Letter(callback, url))
            await self._let_go(callback)

    async def _spoil(self, letter: Letter, fault: WebhookFault) -> None:
        ways: dict[str, Callable[[], Awaitable[Any]]] = {
            "lose": lambda: self._lose(letter),
            "duplicate": lambda: self._twice(letter),
            "twins": lambda: asyncio.gather(self._carry(letter), self._carry(_copy(letter))),
            "delay": lambda: self._later(letter, fault.seconds),
            "reorder": lambda: self._hold(letter),
        }
        await ways[fault.kind]()

    async def _lose(self, letter: Letter) -> None:
        letter.error = "lost"
        self.log.append(letter)

    async def _twice(self, letter: Letter) -> None:
        await self._carry(letter)
        await self.zapi.sleep(1)
        await self._carry(_copy(letter))

    async def _later(self, letter: Letter, seconds: float) -> None:
        async def carry() -> None:
            await self.zapi.sleep(seconds)
            await self._carry(letter)

        self.zapi.spawn(carry())

    async def _hold(self, letter: Letter) -> None:
        """Keep it until the next one about its message has gone, or until that is late."""

        async def give_up() -> None:
            await self.zapi.sleep(HELD_SECONDS)
            if letter in self._held.values():
                await self._let_go(letter.callback)

        for message_id in letter.callback.ids:
            self._held[message_id] = letter
        self.zapi.spawn(give_up() if letter.callback.ids else self._carry(letter))

    async def _let_go(self, callback: Callback) -> None:
        for message_id in callback.ids:
            if letter := self._held.pop(message_id, None):
                self._forget(letter)
                await self._carry(letter)

    def _forget(self, letter: Letter) -> None:
        for message_id in letter.callback.ids:
            if self._held.get(message_id) is letter:
                del self._held[message_id]

    async def _carry(self, letter: Letter) -> None:
        """One delivery, with as many tries as the settings allow."""
        for attempt, wait in enumerate(AGAIN if self.zapi.settings.retry_webhooks else ONCE, start=1):
            await self.zapi.sleep(wait)
            tried = _copy(letter, attempt)
            self.log.append(tried)
            await self._post(tried)
            if tried.arrived:
                self._note_heard(tried.callback)
                return

    async def _post(self, letter: Letter) -> None:
        try:
            async with self._session.post(letter.url, json=letter.callback.body, headers=HEADERS) as answer:
                await answer.read()
                letter.answer = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            letter.error = str(error) or type(error).__name__

    def _note_heard(self, callback: Callback) -> None:
        for message_id in callback.ids:
            if callback.status and (message := self.zapi.outbox.all.get(message_id)):
                message.hear(callback.status)

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=SECONDS_TO_ANSWER, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._http

    @property
    def used(self) -> bool:
        return self._http is not None

    async def close(self) -> None:
        if self._http:
            await self._http.close()


def _copy(letter: Letter, attempt: int = 1) -> Letter:
    return Letter(letter.callback, letter.url, letter.fault, attempt)
