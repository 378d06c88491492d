"""The instance: is the phone connected, how does it come back, and where do callbacks go?"""

import random
from http import HTTPStatus
from typing import Any

from aiohttp import web

from carinho.simulator import ZAPI_INSTANCE, ZAPI_TOKEN
from carinho.simulator.protocol import answer, body_of
from carinho.simulator.systems.zapi.account import Zapi, ZapiError, routes
from carinho.simulator.systems.zapi.contents import OUR_NUMBER
from carinho.simulator.systems.zapi.webhooks import KINDS

DONE = {"value": True}
KIND_OF_ACTION = {
    "received": "received",
    "received-delivery": "receivedDelivery",
    "delivery": "delivery",
    "message-status": "messageStatus",
    "connected": "connected",
    "disconnected": "disconnected",
    "chat-presence": "presenceChat",
}
RETURN_SECONDS = (1, 3)  # until a kept session is up again
# Seen in use; its fields are not documented.
CHALLENGE = {"challenge": {"type": "passkey", "id": "simulator"}}


@routes.get("/status", title="Consulta de conexão")
async def status(request: web.Request) -> web.Response:
    """`error` is filled even when all is well."""
    session = Zapi.of(request).session
    online = session.phone_online and session.connected
    return answer({"connected": session.connected, "smartphoneConnected": online, "error": session.error})


@routes.get("/me", title="Consulta da instância")
async def me(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    identity = {"id": ZAPI_INSTANCE, "token": ZAPI_TOKEN, "name": "Carinho", "due": zapi.settings.due}
    state = {
        "connected": zapi.session.connected,
        "paymentStatus": zapi.settings.payment_status,
        "created": "2026-01-02T03:04:05.000Z",
    }
    calls = {"callRejectAuto": False, "callRejectMessage": None, "autoReadMessage": False}
    return answer(identity | state | zapi.webhooks.as_json() | calls)


@routes.get("/device", title="Consulta do aparelho")
async def device(request: web.Request) -> web.Response:
    names = {"phone": OUR_NUMBER, "name": "Carinho", "imgUrl": None, "about": "Carinho com você"}
    hardware = {"sessionName": "Z-API", "device_model": "Z-API"}
    return answer(
        names | {"device": hardware, "originalDevice": "iphone", "sessionId": 1, "isBusiness": True}
    )


@routes.get("/qr-code", title="Consulta do QR code")
@routes.get("/qr-code/image", title="Consulta do QR code")
async def qr_code(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    if zapi.session.connected:
        return answer({"connected": True})
    if zapi.settings.passkey:
        return answer(CHALLENGE)
    return answer({"value": zapi.pairing.show_qr(zapi.settings.qr_seconds)})


@routes.get("/phone-code/{phone}", title="Código para o celular")
async def phone_code(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    if zapi.session.connected:
        return answer({"connected": True})
    if zapi.settings.passkey:
        return answer(CHALLENGE)
    return answer({"value": zapi.pairing.show_code(zapi.settings.qr_seconds)})


@routes.get("/restart", title="Reinício da instância")
@routes.get("/restore-session", title="Restauração da sessão")
async def bring_back(request: web.Request) -> web.Response:
    """Only a session that was kept comes back. A restart reports that it is connected, even if it was."""
    zapi = Zapi.of(request)
    if zapi.session.paired and not (zapi.session.connected and request.path.endswith("restore-session")):
        zapi.spawn(return_soon(zapi))
    return answer(DONE)


async def return_soon(zapi: Zapi) -> None:
    await zapi.sleep(random.uniform(*RETURN_SECONDS))
    if zapi.session.paired:
        zapi.connect()


@routes.get("/disconnect", title="Desconexão da instância")
async def disconnect(request: web.Request) -> web.Response:
    """Destroys the session, for all that it is a GET; no webhook is sent from now on."""
    Zapi.of(request).session.end()
    return answer(DONE)


@routes.put("/update-webhook-received", title="Endereço de recebidas")
@routes.put("/update-webhook-received-delivery", title="Endereço de recebidas e enviadas")
@routes.put("/update-webhook-delivery", title="Endereço de envios")
@routes.put("/update-webhook-message-status", title="Endereço de recibos")
@routes.put("/update-webhook-connected", title="Endereço de conexão")
@routes.put("/update-webhook-disconnected", title="Endereço de desconexão")
@routes.put("/update-webhook-chat-presence", title="Endereço de presença")
async def update_webhook(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    kind = KIND_OF_ACTION[request.path.rpartition("/update-webhook-")[2]]
    set_address(zapi, await body_of(request), kind)
    if kind == "receivedDelivery":
        zapi.webhooks.sent_by_me = True
    return answer(DONE)


@routes.put("/update-every-webhooks", title="Endereço de todos os avisos")
async def update_every_webhook(request: web.Request) -> web.Response:
    zapi, body = Zapi.of(request), await body_of(request)
    set_address(zapi, body, *KINDS)
    if "notifySentByMe" in body:
        zapi.webhooks.sent_by_me = bool(body["notifySentByMe"])
    return answer(DONE)


@routes.put("/update-notify-sent-by-me", title="Aviso do que nós enviamos")
async def notify_sent_by_me(request: web.Request) -> web.Response:
    Zapi.of(request).webhooks.sent_by_me = bool((await body_of(request)).get("notifySentByMe"))
    return answer(DONE)


def set_address(zapi: Zapi, body: dict[str, Any], *kinds: str) -> None:
    """Plain HTTP is allowed here, unlike at the real Z-API. Raises ZapiError."""
    url = str(body.get("value") or "")
    if url and not url.startswith(("http://", "https://")):
        raise ZapiError(HTTPStatus.BAD_REQUEST, "Invalid url")
    for kind in kinds:
        zapi.webhooks.set(kind, url)
