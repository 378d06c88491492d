"""What demo and tests ask of this Z-API: people's messages, the connection, the truth."""

from itertools import islice
from typing import Any

from pydantic import Field

from carinho.simulator.answers import Answer, Refusal, RequestModel
from carinho.simulator.systems.zapi import payloads
from carinho.simulator.systems.zapi.account import Zapi, orders
from carinho.simulator.systems.zapi.contents import Inbound
from carinho.simulator.systems.zapi.lifecycle import flap
from carinho.simulator.systems.zapi.payloads import received, waiting
from carinho.simulator.systems.zapi.session import Loss
from carinho.simulator.systems.zapi.webhooks import WebhookDelivery, WebhookPayload
from carinho.simulator.visit import Visit

SOMEBODY_ELSE = "5511987650001"
WAITING_SECONDS = 3
LAST_CALLBACKS = 1_000


class Presence(RequestModel):
    phone: str
    status: str


class Online(RequestModel):
    online: bool


class Flap(RequestModel):
    times: int = Field(default=3, ge=1)
    seconds: float = Field(default=2, ge=0)


class Pair(RequestModel):
    code: str | None = None


@orders("POST", "/receive", "Receber mensagem")
def receive(zapi: Zapi, visit: Visit) -> Answer:
    given = Inbound.read(visit.body)
    body = received(zapi, given)
    zapi.spawn(come_in(zapi, body, waits=given.waiting))
    return Answer(200, {"messageId": body.get("messageId"), "payload": body})


async def come_in(zapi: Zapi, body: dict[str, Any], *, waits: bool) -> None:
    """A message reaches the instance once it is connected."""
    await zapi.session.up.wait()
    if waits:
        await zapi.notify(WebhookPayload(waiting(body)))
        await zapi.sleep(WAITING_SECONDS)
    await zapi.notify(WebhookPayload(body))


@orders("POST", "/presence", "")
def presence(zapi: Zapi, visit: Visit) -> Answer:
    given = Presence.read(visit.body)
    zapi.spawn(zapi.notify(payloads.presence(given.phone, given.status)))
    return Answer(204)


@orders("POST", "/connect", "")
def connect(zapi: Zapi, _: Visit) -> Answer:
    zapi.connect()
    return Answer(204)


@orders("POST", "/disconnect", "Perder a conexão")
def disconnect(zapi: Zapi, visit: Visit) -> Answer:
    loss = Loss.read(visit.body)
    zapi.lose(loss)
    person = zapi.registry.look_up(SOMEBODY_ELSE)
    for number in range(loss.queued):
        zapi.outbox.take("text", {"phone": SOMEBODY_ELSE, "message": f"De outro sistema, {number}"}, person)
    return Answer(204)


@orders("POST", "/flap", "")
def flap_now(zapi: Zapi, visit: Visit) -> Answer:
    given = Flap.read(visit.body)
    zapi.spawn(flap(zapi, given.times, given.seconds))
    return Answer(204)


@orders("POST", "/phone", "")
def phone(zapi: Zapi, visit: Visit) -> Answer:
    zapi.session.phone_online = Online.read(visit.body).online
    return Answer(204)


@orders("POST", "/pair", "Ler o QR code")
def pair(zapi: Zapi, visit: Visit) -> Answer:
    if not zapi.pairing.accepts(Pair.read(visit.body).code):
        raise Refusal(409, "No code that was shown is valid any more")
    zapi.connect()
    return Answer(204)


@orders("GET", "/truth", "")
def truth(zapi: Zapi, _: Visit) -> Answer:
    return Answer(200, zapi.outbox.truth())


@orders("GET", "/pending", "")
def pending(zapi: Zapi, _: Visit) -> Answer:
    return Answer(200, {"queue": len(zapi.outbox.waiting), "tasks": len(zapi.tasks)})


@orders("GET", "/callbacks", "")
def callbacks(zapi: Zapi, visit: Visit) -> Answer:
    """Newest first; each try of a delivery is one."""
    limit = visit.query.get("limit") or str(LAST_CALLBACKS)
    if not limit.isdecimal():
        raise Refusal(400, "Invalid limit")
    wanted = (delivery for delivery in reversed(zapi.webhook_sender.log) if _wanted(delivery, visit.query))
    return Answer(200, {"data": [delivery.as_json() for delivery in islice(wanted, int(limit))]})


def _wanted(delivery: WebhookDelivery, query: dict[str, str]) -> bool:
    body = delivery.payload.body
    ids = {body.get("messageId"), *body.get("ids", ())}
    return query.get("type") in (None, delivery.payload.type) and query.get("message") in {None, *ids}
