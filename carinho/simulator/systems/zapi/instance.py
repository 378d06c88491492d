"""The instance: is the phone connected, and which one is it?"""

from carinho.simulator import ZAPI_INSTANCE, ZAPI_TOKEN
from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, routes
from carinho.simulator.visit import Visit

OUR_NUMBER = "5511940000000"
CALLBACKS = (
    "received",
    "delivery",
    "disconnected",
    "connected",
    "messageStatus",
    "presenceChat",
    "receivedDelivery",
)
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="  # a PNG


@routes("GET", "/status", "Consulta de conexão")
def status(zapi: Zapi, _: Visit) -> Answer:
    """`error` is filled even when all is well."""
    error = "You are already connected." if zapi.connected else "You are not connected."
    return Answer(200, {"connected": zapi.connected, "smartphoneConnected": zapi.connected, "error": error})


@routes("GET", "/me", "Consulta da instância")
def me(zapi: Zapi, _: Visit) -> Answer:
    callbacks = {f"{name}CallbackUrl": None for name in CALLBACKS}
    identity = {"id": ZAPI_INSTANCE, "token": ZAPI_TOKEN, "name": "Carinho", "due": 4102455600}
    settings = {"connected": zapi.connected, "paymentStatus": "PAID", "created": "2026-01-02T03:04:05.000Z"}
    return Answer(200, identity | settings | callbacks | {"receiveCallbackSentByMe": False})


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
    if zapi.connected:
        return Answer(200, {"connected": True})
    return Answer(200, {"value": f"data:image/png;base64,{DOT}"})
