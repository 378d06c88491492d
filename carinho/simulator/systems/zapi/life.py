"""A message's life from the moment it leaves for WhatsApp."""

import random
from typing import TYPE_CHECKING

from carinho.simulator.systems.zapi import noise, telling
from carinho.simulator.systems.zapi.faults import SendOutcome
from carinho.simulator.systems.zapi.ladder import FAILED, HEIGHT, PLAYED, READ, RECEIVED, SENT
from carinho.simulator.systems.zapi.outbox import Message
from carinho.simulator.systems.zapi.received import echo

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

WAITS = {RECEIVED: (0.5, 2), READ: (2, 10), PLAYED: (2, 5)}  # seconds after the step before
FLAP_SECONDS = 5


def hand_over(zapi: "Zapi", message: Message) -> None:
    """Give a message to WhatsApp. What follows is only played while somebody listens."""
    outcome = zapi.faults.outcome(message)
    message.climb(FAILED if outcome else SENT)
    message.error = outcome.text if outcome else None
    refused = outcome is not None and not outcome.anyway
    if zapi.played:
        zapi.spawn(live(zapi, message, outcome, refused=refused))
        stir(zapi)
    elif not refused:
        message.arrive()


async def live(zapi: "Zapi", message: Message, outcome: SendOutcome | None, *, refused: bool) -> None:
    await zapi.tell(telling.delivery(zapi, message, outcome))
    if refused:
        return
    await zapi.tell(echo(zapi, message))
    await zapi.tell(telling.receipt(zapi, SENT, [message]))
    await receive(zapi, message)
    await read(zapi, message)
    if message.kind == "audio":
        await play(zapi, message)


async def receive(zapi: "Zapi", message: Message) -> None:
    await pass_time(zapi, RECEIVED)
    message.arrive()
    zapi.unread.setdefault(message.phone, []).append(message)
    await told_when_up(zapi, RECEIVED, [message])


async def read(zapi: "Zapi", message: Message) -> None:
    """Who opens a chat reads all that is new in it, and one callback tells of all."""
    await pass_time(zapi, READ)
    if HEIGHT[message.status] >= HEIGHT[READ]:
        return
    messages = zapi.unread.pop(message.phone)
    for each in messages:
        each.climb(READ)
    await told_when_up(zapi, READ, messages)


async def play(zapi: "Zapi", message: Message) -> None:
    await pass_time(zapi, PLAYED)
    message.climb(PLAYED)
    await told_when_up(zapi, PLAYED, [message])


async def pass_time(zapi: "Zapi", status: str) -> None:
    await zapi.sleep(random.uniform(*WAITS[status]))


async def told_when_up(zapi: "Zapi", status: str, messages: list[Message]) -> None:
    """The instance learns of it once it is connected."""
    await zapi.session.up.wait()
    await zapi.tell(telling.receipt(zapi, status, messages))


def stir(zapi: "Zapi") -> None:
    """What chaos does beside a message that leaves."""
    beside = zapi.faults.chaos and zapi.faults.chaos.beside()
    if beside == "noise":
        zapi.spawn(noise.make(zapi))
    if beside == "flap" and zapi.session.connected:
        zapi.spawn(flap(zapi, 1, FLAP_SECONDS))


async def flap(zapi: "Zapi", times: int, seconds: float) -> None:
    for _ in range(times):
        zapi.lose()
        await zapi.sleep(seconds)
        zapi.connect()
        await zapi.sleep(seconds)
