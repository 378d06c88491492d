"""What is done to messages that are there: read, delete."""

from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi import payloads
from carinho.simulator.systems.zapi.account import Zapi, ZapiRefusal, routes
from carinho.simulator.visit import Visit


@routes("POST", "/read-message", "Marcação de lida")
def read_message(zapi: Zapi, visit: Visit) -> Answer:
    phone, message_id = (_required(visit.body.get(name), name) for name in ("phone", "messageId"))
    zapi.spawn(zapi.notify(payloads.read_by_me(phone, message_id)))
    return Answer(204)


@routes("DELETE", "/messages", "Exclusão de mensagem")
def delete_message(zapi: Zapi, visit: Visit) -> Answer:
    """Our own message disappears for the person as well; whoever read it has read it."""
    message_id, _, owner = (
        _required(visit.query.get(name), name) for name in ("messageId", "phone", "owner")
    )
    message = zapi.outbox.all.get(message_id)
    if message and owner == "true":
        message.deleted = True
    return Answer(204)


def _required(given: object, name: str) -> str:
    if not given:
        raise ZapiRefusal(400, f"{name} is required")
    return str(given)
