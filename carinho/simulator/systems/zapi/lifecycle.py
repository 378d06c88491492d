"""The lifecycle of a message: it waits in the queue, leaves for WhatsApp, arrives, is read."""

import asyncio
import random
from typing import TYPE_CHECKING

from carinho.simulator.systems.zapi import payloads
from carinho.simulator.systems.zapi.contents import Inbound
from carinho.simulator.systems.zapi.faults import SendOutcome
from carinho.simulator.systems.zapi.outbox import (
    FAILED,
    PLAYED,
    READ,
    RECEIVED,
    SENT,
    STATUSES,
    OutboxMessage,
)
from carinho.simulator.systems.zapi.webhooks import WebhookPayload

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

PAUSE = (1, 3)  # seconds before the next message, unless the message says how long
WAITS = {RECEIVED: (0.5, 2), READ: (2, 10), PLAYED: (2, 5)}  # seconds after the status before
FLAP_SECONDS = 5
NOISE = (
    {"place": "group"},
    {"place": "newsletter"},
    {"place": "broadcast"},
    {"place": "status"},
    {"kind": "missed_call"},
    {"kind": "encrypted"},
    {"kind": "profile_picture"},
)


class QueueWorker:
    """Empties the queue while the instance is connected, one message at a time and at a person's pace."""

    def __init__(self, zapi: "Zapi") -> None:
        self.zapi = zapi
        self._running = False
        self._free_at = 0.0

    def wake_up(self) -> None:
        if not self.zapi.session.connected:
            return
        if not self.zapi.takes_time:
            waiting = self.zapi.outbox.waiting
            while waiting:
                hand_over(self.zapi, waiting.popitem(last=False)[1])
        elif not self._running:
            self._running = True
            self.zapi.spawn(self._run())

    async def _run(self) -> None:
        try:
            while self.zapi.session.connected and (message := self.zapi.outbox.next):
                await self._send(message)
        finally:
            self._running = False

    async def _send(self, message: OutboxMessage) -> None:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(self._free_at - clock())
        await self.zapi.sleep(message.delay("delayTyping") or 0)
        # Meanwhile the connection may have been lost, or the message taken out of the queue.
        waiting = self.zapi.outbox.waiting
        if self.zapi.session.connected and message.zaap_id in waiting:
            del waiting[message.zaap_id]
            pause = message.delay("delayMessage") or random.uniform(*PAUSE)
            self._free_at = clock() + pause / self.zapi.speed
            hand_over(self.zapi, message)


def hand_over(zapi: "Zapi", message: OutboxMessage) -> None:
    """Give a message to WhatsApp. What follows takes time only while somebody listens."""
    outcome = zapi.faults.outcome(message)
    message.advance(FAILED if outcome else SENT)
    message.error = outcome.text if outcome else None
    refused = outcome is not None and not outcome.anyway
    if not zapi.takes_time:
        if not refused:
            message.arrive()
        return
    zapi.spawn(run(zapi, message, outcome, refused=refused))
    beside = zapi.faults.chaos and zapi.faults.chaos.beside()
    if beside == "noise":
        zapi.spawn(make_noise(zapi))
    if beside == "flap" and zapi.session.connected:
        zapi.spawn(flap(zapi, 1, FLAP_SECONDS))


async def run(zapi: "Zapi", message: OutboxMessage, outcome: SendOutcome | None, *, refused: bool) -> None:
    await zapi.notify(payloads.delivery(zapi, message, outcome))
    if refused:
        return
    await zapi.notify(payloads.echo(zapi, message))
    await zapi.notify(payloads.receipt(zapi, SENT, [message]))

    await wait_for(zapi, RECEIVED)
    message.arrive()
    zapi.unread.setdefault(message.phone, []).append(message)
    await notify_once_connected(zapi, RECEIVED, [message])

    await wait_for(zapi, READ)
    if STATUSES.index(message.status) < STATUSES.index(READ):
        # Who opens a chat reads all that is new in it, and one callback reports all of it.
        messages = zapi.unread.pop(message.phone)
        for each in messages:
            each.advance(READ)
        await notify_once_connected(zapi, READ, messages)

    if message.kind == "audio":
        await wait_for(zapi, PLAYED)
        message.advance(PLAYED)
        await notify_once_connected(zapi, PLAYED, [message])


async def wait_for(zapi: "Zapi", status: str) -> None:
    await zapi.sleep(random.uniform(*WAITS[status]))


async def notify_once_connected(zapi: "Zapi", status: str, messages: list[OutboxMessage]) -> None:
    await zapi.session.up.wait()
    await zapi.notify(payloads.receipt(zapi, status, messages))


async def make_noise(zapi: "Zapi") -> None:
    await zapi.notify(WebhookPayload(payloads.received(zapi, Inbound.read(random.choice(NOISE)))))


async def flap(zapi: "Zapi", times: int, seconds: float) -> None:
    for _ in range(times):
        zapi.lose()
        await zapi.sleep(seconds)
        zapi.connect()
        await zapi.sleep(seconds)
