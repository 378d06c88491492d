"""Sending what waits, one by one and at a person's pace."""

import asyncio
import random
from typing import TYPE_CHECKING

from carinho.simulator.systems.zapi.life import hand_over
from carinho.simulator.systems.zapi.outbox import Message

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

PACE = (1, 3)  # seconds before the next message, unless the message says how long
MOST_SECONDS = 15  # of either delay


class Sender:
    """The one who empties the queue while the instance is connected."""

    def __init__(self, zapi: "Zapi") -> None:
        self.zapi = zapi
        self._working = False
        self._free_at = 0.0

    def wake(self) -> None:
        """There is something to send, or somebody to send it."""
        if not self.zapi.session.connected:
            return
        if not self.zapi.played:
            self._send_all()
        elif not self._working:
            self._working = True
            self.zapi.spawn(self._work())

    def _send_all(self) -> None:
        waiting = self.zapi.outbox.waiting
        while waiting:
            hand_over(self.zapi, waiting.popitem(last=False)[1])

    async def _work(self) -> None:
        try:
            while self.zapi.session.connected and (message := self.zapi.outbox.next):
                await self._send(message)
        finally:
            self._working = False

    async def _send(self, message: Message) -> None:
        await asyncio.sleep(self._free_at - asyncio.get_running_loop().time())
        await self.zapi.sleep(seconds_of(message, "delayTyping") or 0)
        waiting = self.zapi.outbox.waiting
        if self.zapi.session.connected and message.zaap_id in waiting:
            del waiting[message.zaap_id]
            self._rest(seconds_of(message, "delayMessage") or random.uniform(*PACE))
            hand_over(self.zapi, message)

    def _rest(self, seconds: float) -> None:
        self._free_at = asyncio.get_running_loop().time() + seconds / self.zapi.speed


def seconds_of(message: Message, name: str) -> float | None:
    """A delay that was asked for, at most the documented one."""
    given = str(message.content.get(name) or "")
    return min(int(given), MOST_SECONDS) if given.isdecimal() else None
