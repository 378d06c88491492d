"""What demo and tests ask of this Z-API: people's messages, the connection, the truth, its faults."""

from http import HTTPStatus
from itertools import islice
from typing import Any

from aiohttp import web
from pydantic import Field

from carinho.simulator.protocol import ApiError, RequestModel, answer, body_of, no_content
from carinho.simulator.systems.zapi import payloads
from carinho.simulator.systems.zapi.account import Settings, Zapi, control_routes
from carinho.simulator.systems.zapi.contents import Inbound
from carinho.simulator.systems.zapi.faults import Chaos, SendOutcome, WebhookFault
from carinho.simulator.systems.zapi.lifecycle import flap
from carinho.simulator.systems.zapi.payloads import received, waiting
from carinho.simulator.systems.zapi.session import Loss
from carinho.simulator.systems.zapi.webhooks import WebhookDelivery, WebhookPayload

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


@control_routes.post("/receive", title="Receber mensagem")
async def receive(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    inbound = Inbound.read(await body_of(request))
    body = received(zapi, inbound)
    zapi.spawn(arrive(zapi, body, waits=inbound.waiting))
    return answer({"messageId": body.get("messageId"), "payload": body})


async def arrive(zapi: Zapi, body: dict[str, Any], *, waits: bool) -> None:
    """A message reaches the instance once it is connected."""
    await zapi.session.up.wait()
    if waits:
        await zapi.notify(WebhookPayload(waiting(body)))
        await zapi.sleep(WAITING_SECONDS)
    await zapi.notify(WebhookPayload(body))


@control_routes.post("/presence")
async def presence(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    given = Presence.read(await body_of(request))
    zapi.spawn(zapi.notify(payloads.presence(given.phone, given.status)))
    return no_content()


@control_routes.post("/connect")
async def connect(request: web.Request) -> web.Response:
    Zapi.of(request).connect()
    return no_content()


@control_routes.post("/disconnect", title="Perder a conexão")
async def disconnect(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    loss = Loss.read(await body_of(request))
    zapi.lose(loss)
    person = zapi.registry.look_up(SOMEBODY_ELSE)
    for number in range(loss.queued):
        zapi.outbox.take("text", {"phone": SOMEBODY_ELSE, "message": f"De outro sistema, {number}"}, person)
    return no_content()


@control_routes.post("/flap")
async def flap_now(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    given = Flap.read(await body_of(request))
    zapi.spawn(flap(zapi, given.times, given.seconds))
    return no_content()


@control_routes.post("/phone")
async def phone(request: web.Request) -> web.Response:
    Zapi.of(request).session.phone_online = Online.read(await body_of(request)).online
    return no_content()


@control_routes.post("/pair", title="Ler o QR code")
async def pair(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    if not zapi.pairing.accepts(Pair.read(await body_of(request)).code):
        raise ApiError(HTTPStatus.CONFLICT, "No code that was shown is valid any more")
    zapi.connect()
    return no_content()


@control_routes.get("/truth")
async def truth(request: web.Request) -> web.Response:
    return answer(Zapi.of(request).outbox.truth())


@control_routes.get("/pending")
async def pending(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    return answer({"queue": len(zapi.outbox.waiting), "tasks": len(zapi.tasks)})


@control_routes.get("/callbacks")
async def callbacks(request: web.Request) -> web.Response:
    """Newest first; each attempt of a delivery is one."""
    limit = request.query.get("limit") or str(LAST_CALLBACKS)
    if not limit.isdecimal():
        raise ApiError(HTTPStatus.BAD_REQUEST, "Invalid limit")
    type, message_id = request.query.get("type"), request.query.get("message")
    matching = (
        attempt.as_json()
        for attempt in reversed(Zapi.of(request).webhook_sender.log)
        if (not type or type == attempt.payload.type) and (not message_id or is_about(attempt, message_id))
    )
    return answer({"data": list(islice(matching, int(limit)))})


def is_about(attempt: WebhookDelivery, message_id: str) -> bool:
    body = attempt.payload.body
    return message_id == body.get("messageId") or message_id in body.get("ids", ())


@control_routes.put("/settings")
async def change_settings(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    zapi.settings = Settings.read(zapi.settings.model_dump() | await body_of(request))
    return answer(zapi.settings.model_dump())


@control_routes.post("/webhook-faults")
async def add_webhook_fault(request: web.Request) -> web.Response:
    Zapi.of(request).faults.webhook_faults.append(WebhookFault.read(await body_of(request)))
    return no_content()


@control_routes.post("/outcomes")
async def add_outcome(request: web.Request) -> web.Response:
    Zapi.of(request).faults.outcomes.append(SendOutcome.read(await body_of(request)))
    return no_content()


@control_routes.put("/chaos")
async def start_chaos(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    zapi.faults.chaos = Chaos.read(await body_of(request))
    return answer(zapi.faults.chaos.model_dump())


@control_routes.post("/heal")
async def heal(request: web.Request) -> web.Response:
    Zapi.of(request).faults.heal()
    return no_content()
