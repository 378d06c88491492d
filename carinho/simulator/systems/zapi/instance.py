"""The instance: is the phone connected, which one is it, and how does it come back?"""

import random

from carinho.simulator import ZAPI_INSTANCE, ZAPI_TOKEN
from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, routes
from carinho.simulator.systems.zapi.addresses import DONE
from carinho.simulator.systems.zapi.contents import OUR_NUMBER
from carinho.simulator.visit import Visit

RETURN_SECONDS = (1, 3)  # until a kept session is up again
CHALLENGE = {
    "challenge": {"type": "passkey", "id": "simulator"}
}  # seen in use, its fields are not documented


@routes("GET", "/status", "Consulta de conexão")
def status(zapi: Zapi, _: Visit) -> Answer:
    """`error` is filled even when all is well."""
    session = zapi.session
    online = session.phone_online and session.connected
    return Answer(
        200, {"connected": session.connected, "smartphoneConnected": online, "error": session.error}
    )


@routes("GET", "/me", "Consulta da instância")
def me(zapi: Zapi, _: Visit) -> Answer:
    identity = {"id": ZAPI_INSTANCE, "token": ZAPI_TOKEN, "name": "Carinho", "due": zapi.settings.due}
    state = {
        "connected": zapi.session.connected,
        "paymentStatus": zapi.settings.payment_status,
        "created": "2026-01-02T03:04:05.000Z",
    }
    calls = {"callRejectAuto": False, "callRejectMessage": None, "autoReadMessage": False}
    return Answer(200, identity | state | zapi.webhooks.as_json() | calls)


@routes("GET", "/device", "Consulta do aparelho")
def device(_: Zapi, __: Visit) -> Answer:
    names = {"phone": OUR_NUMBER, "name": "Carinho", "imgUrl": None, "about": "Carinho com você"}
    hardware = {"sessionName": "Z-API", "device_model": "Z-API"}
    return Answer(
        200, names | {"device": hardware, "originalDevice": "iphone", "sessionId": 1, "isBusiness": True}
    )


@routes("GET", "/qr-code", "Consulta do QR code")
@routes("GET", "/qr-code/image", "Consulta do QR code")
def qr_code(zapi: Zapi, _: Visit) -> Answer:
    if zapi.session.connected:
        return Answer(200, {"connected": True})
    if zapi.settings.passkey:
        return Answer(200, CHALLENGE)
    return Answer(200, {"value": zapi.pairing.show_qr(zapi.settings.qr_seconds)})


@routes("GET", "/phone-code/{phone}", "Código para o celular")
def phone_code(zapi: Zapi, _: Visit) -> Answer:
    if zapi.session.connected:
        return Answer(200, {"connected": True})
    if zapi.settings.passkey:
        return Answer(200, CHALLENGE)
    return Answer(200, {"value": zapi.pairing.show_code(zapi.settings.qr_seconds)})


@routes("GET", "/restart", "Reinício da instância")
@routes("GET", "/restore-session", "Restauração da sessão")
def bring_back(zapi: Zapi, visit: Visit) -> Answer:
    """Only a session that was kept comes back. A restart tells that it is connected, even if it was."""
    if zapi.session.paired and not (zapi.session.connected and visit.path.endswith("restore-session")):
        zapi.spawn(return_soon(zapi))
    return Answer(200, DONE)


async def return_soon(zapi: Zapi) -> None:
    await zapi.sleep(random.uniform(*RETURN_SECONDS))
    if zapi.session.paired:
        zapi.connect()


@routes("GET", "/disconnect", "Desconexão da instância")
def disconnect(zapi: Zapi, _: Visit) -> Answer:
    """Destroys the session, for all that it is a GET; no webhook is sent from now on."""
    zapi.session.end()
    return Answer(200, DONE)
