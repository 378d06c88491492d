"""The calls that say where callbacks go."""

from typing import Any

from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, ZapiRefusal, routes
from carinho.simulator.systems.zapi.webhooks import KINDS
from carinho.simulator.visit import Visit

DONE = {"value": True}


@routes("PUT", "/update-webhook-received", "Endereço de recebidas")
def received(zapi: Zapi, visit: Visit) -> Answer:
    return point(zapi, visit, "received")


@routes("PUT", "/update-webhook-received-delivery", "Endereço de recebidas e enviadas")
def received_and_sent(zapi: Zapi, visit: Visit) -> Answer:
    answer = point(zapi, visit, "receivedDelivery")
    zapi.webhooks.sent_by_me = True
    return answer


@routes("PUT", "/update-webhook-delivery", "Endereço de envios")
def delivery(zapi: Zapi, visit: Visit) -> Answer:
    return point(zapi, visit, "delivery")


@routes("PUT", "/update-webhook-message-status", "Endereço de recibos")
def message_status(zapi: Zapi, visit: Visit) -> Answer:
    return point(zapi, visit, "messageStatus")


@routes("PUT", "/update-webhook-connected", "Endereço de conexão")
def connected(zapi: Zapi, visit: Visit) -> Answer:
    return point(zapi, visit, "connected")


@routes("PUT", "/update-webhook-disconnected", "Endereço de desconexão")
def disconnected(zapi: Zapi, visit: Visit) -> Answer:
    return point(zapi, visit, "disconnected")


@routes("PUT", "/update-webhook-chat-presence", "Endereço de presença")
def presence(zapi: Zapi, visit: Visit) -> Answer:
    return point(zapi, visit, "presenceChat")


@routes("PUT", "/update-every-webhooks", "Endereço de todos os avisos")
def every(zapi: Zapi, visit: Visit) -> Answer:
    answer = point(zapi, visit, *KINDS)
    if "notifySentByMe" in visit.body:
        zapi.webhooks.sent_by_me = bool(visit.body["notifySentByMe"])
    return answer


@routes("PUT", "/update-notify-sent-by-me", "Aviso do que nós enviamos")
def notify_sent_by_me(zapi: Zapi, visit: Visit) -> Answer:
    zapi.webhooks.sent_by_me = bool(visit.body.get("notifySentByMe"))
    return Answer(200, DONE)


def point(zapi: Zapi, visit: Visit, *kinds: str) -> Answer:
    """Plain HTTP is allowed here, unlike at the real Z-API. Raises ZapiRefusal."""
    url: Any = visit.body.get("value")
    if url and not str(url).startswith(("http://", "https://")):
        raise ZapiRefusal(400, "Invalid url")
    for kind in kinds:
        zapi.webhooks.set(kind, str(url or ""))
    return Answer(200, DONE)
