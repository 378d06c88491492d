"""The bodies of what Z-API tells about our own messages and the instance."""

import time
from typing import TYPE_CHECKING, Any

from carinho.simulator import ZAPI_INSTANCE
from carinho.simulator.systems.zapi.callback import Callback
from carinho.simulator.systems.zapi.faults import SendOutcome
from carinho.simulator.systems.zapi.ladder import FAILED, SENT
from carinho.simulator.systems.zapi.outbox import Message
from carinho.simulator.systems.zapi.registry import Registration

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

OUR_NUMBER = "5511940000000"


def milliseconds() -> int:
    return int(time.time() * 1000)


def shown(zapi: "Zapi", person: Registration) -> str | None:
    """How a callback names a person: by phone, or by lid even if that hides nothing."""
    chaos = zapi.faults.chaos
    shy = zapi.settings.phone_as_lid or (chaos is not None and chaos.names_by_lid())
    return person.name_by_lid if shy else person.name


def delivery(zapi: "Zapi", message: Message, outcome: SendOutcome | None) -> Callback:
    """WhatsApp took it, or did not and why."""
    body: dict[str, Any] = {
        "phone": shown(zapi, message.person) or message.phone,
        "zaapId": message.zaap_id,
        "messageId": message.message_id,
        "instanceId": ZAPI_INSTANCE,
        "momment": milliseconds(),
        "type": "DeliveryCallback",
    }
    if outcome:
        body |= {"error": outcome.text} | ({"errorCode": outcome.code} if outcome.code else {})
    return Callback(body, (message.message_id,), FAILED if outcome else SENT)


def receipt(zapi: "Zapi", status: str, messages: list[Message]) -> Callback:
    """The same happened to messages of one person."""
    ids = tuple(message.message_id for message in messages)
    return Callback(
        {
            "status": status,
            "ids": list(ids),
            "momment": milliseconds(),
            "phoneDevice": 0,
            "phone": shown(zapi, messages[0].person),
            "type": "MessageStatusCallback",
            "isGroup": messages[0].phone.endswith("-group"),
            "instanceId": ZAPI_INSTANCE,
        },
        ids,
        status,
    )


def read_by_me(phone: str, message_id: str) -> Callback:
    """We read a message of theirs."""
    return Callback(
        {
            "status": "READ_BY_ME",
            "ids": [message_id],
            "momment": milliseconds(),
            "phoneDevice": 0,
            "phone": phone,
            "type": "MessageStatusCallback",
            "isGroup": False,
            "instanceId": ZAPI_INSTANCE,
        }
    )


def connected() -> Callback:
    return Callback(
        {
            "type": "ConnectedCallback",
            "connected": True,
            "momment": milliseconds(),
            "instanceId": ZAPI_INSTANCE,
            "phone": OUR_NUMBER,
        }
    )


def disconnected(error: str) -> Callback:
    """Its time is in seconds, unlike all others."""
    return Callback(
        {
            "momment": int(time.time()),
            "error": error,
            "disconnected": True,
            "type": "DisconnectedCallback",
            "instanceId": ZAPI_INSTANCE,
        }
    )


def presence(phone: str, status: str) -> Callback:
    return Callback(
        {
            "type": "PresenceChatCallback",
            "phone": phone,
            "status": status,
            "lastSeen": None,
            "instanceId": ZAPI_INSTANCE,
        }
    )
