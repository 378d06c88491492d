"""The bodies of callbacks: about our own messages, about what people write, about the instance."""

import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from carinho.simulator import ZAPI_INSTANCE
from carinho.simulator.protocol import ApiError
from carinho.simulator.systems.zapi.contents import ADVERT, KINDS, NOTICES, OUR_NUMBER, Inbound, media_link
from carinho.simulator.systems.zapi.contents import now_ms as now
from carinho.simulator.systems.zapi.faults import SendOutcome
from carinho.simulator.systems.zapi.outbox import FAILED, SENT, OutboxMessage
from carinho.simulator.systems.zapi.registry import Registration
from carinho.simulator.systems.zapi.webhooks import WebhookPayload

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

SOMEBODY = "5511987654321"
CHATS: dict[str, tuple[str, dict[str, Any]]] = {
    "group": ("120363019502650977-group", {"isGroup": True, "chatName": "Família Souza"}),
    "newsletter": ("120363166555745933@newsletter", {"isNewsletter": True, "chatName": "Novidades"}),
    "broadcast": ("5511940000000-broadcast", {"broadcast": True}),
}


def name_of(zapi: "Zapi", person: Registration) -> str | None:
    """How a callback names a person: by phone, or by lid even if that hides nothing."""
    chaos = zapi.faults.chaos
    by_lid = zapi.settings.phone_as_lid or (chaos is not None and chaos.names_by_lid())
    return person.name_by_lid if by_lid else person.name


def delivery(zapi: "Zapi", message: OutboxMessage, outcome: SendOutcome | None) -> WebhookPayload:
    """WhatsApp took it, or did not and why."""
    body: dict[str, Any] = {
        "phone": name_of(zapi, message.person) or message.phone,
        "zaapId": message.zaap_id,
        "messageId": message.message_id,
        "instanceId": ZAPI_INSTANCE,
        "momment": now(),
        "type": "DeliveryCallback",
    }
    if outcome:
        body |= {"error": outcome.text} | ({"errorCode": outcome.code} if outcome.code else {})
    return WebhookPayload(body, (message.message_id,), FAILED if outcome else SENT)


def receipt(zapi: "Zapi", status: str, messages: list[OutboxMessage]) -> WebhookPayload:
    """The same happened to messages of one person."""
    message_ids = tuple(message.message_id for message in messages)
    body = {
        "status": status,
        "ids": list(message_ids),
        "momment": now(),
        "phoneDevice": 0,
        "phone": name_of(zapi, messages[0].person),
        "type": "MessageStatusCallback",
        "isGroup": messages[0].phone.endswith("-group"),
        "instanceId": ZAPI_INSTANCE,
    }
    return WebhookPayload(body, message_ids, status)


def read_by_me(phone: str, message_id: str) -> WebhookPayload:
    return WebhookPayload(
        {
            "status": "READ_BY_ME",
            "ids": [message_id],
            "momment": now(),
            "phoneDevice": 0,
            "phone": phone,
            "type": "MessageStatusCallback",
            "isGroup": False,
            "instanceId": ZAPI_INSTANCE,
        }
    )


def connected() -> WebhookPayload:
    return WebhookPayload(
        {
            "type": "ConnectedCallback",
            "connected": True,
            "momment": now(),
            "instanceId": ZAPI_INSTANCE,
            "phone": OUR_NUMBER,
        }
    )


def disconnected(error: str) -> WebhookPayload:
    return WebhookPayload(
        {
            "momment": int(time.time()),  # in seconds, unlike all others
            "error": error,
            "disconnected": True,
            "type": "DisconnectedCallback",
            "instanceId": ZAPI_INSTANCE,
        }
    )


def presence(phone: str, status: str) -> WebhookPayload:
    return WebhookPayload(
        {
            "type": "PresenceChatCallback",
            "phone": phone,
            "status": status,
            "lastSeen": None,
            "instanceId": ZAPI_INSTANCE,
        }
    )


def received(zapi: "Zapi", inbound: Inbound) -> dict[str, Any]:
    """What somebody wrote, whoever it was and wherever. Raises ApiError for what cannot be."""
    person = writer_of(zapi, inbound)
    body = envelope(zapi, inbound, person) | content_of(zapi, inbound)
    if inbound.about:
        body["referenceMessageId"] = inbound.about
    if inbound.place == "status":
        body["isStatusReply"] = True
    if inbound.place in CHATS:
        chat, flags = CHATS[inbound.place]
        author = {"participantPhone": person.phone, "participantLid": person.lid, "chatLid": None}
        body |= {"phone": chat, **author, **flags}
    body |= inbound.fields
    return {name: value for name, value in body.items() if name != "messageId" or value}


def waiting(body: dict[str, Any]) -> dict[str, Any]:
    """The same message while its content is not known yet."""
    contents = {name for name, _ in KINDS.values()}
    return {name: value for name, value in body.items() if name not in contents} | {"waitingMessage": True}


def echo(zapi: "Zapi", message: OutboxMessage) -> WebhookPayload:
    """Our own message, as it is reported when "sent by me" is on."""
    inbound = Inbound(from_me=True, message_id=message.message_id, text=message.text, name="Carinho")
    body = envelope(zapi, inbound, message.person) | {"fromApi": True}
    if message.kind in ("image", "audio", "document"):
        caption = message.content.get("caption", "")
        media = {f"{message.kind}Url": message.content.get(message.kind), "caption": caption}
        body[message.kind] = media
    else:
        body["text"] = {"message": message.text}
    return WebhookPayload(body, (message.message_id,), SENT)


def writer_of(zapi: "Zapi", inbound: Inbound) -> Registration:
    """Raises ApiError for a number without WhatsApp."""
    asked = inbound.phone or inbound.lid or SOMEBODY
    person = zapi.registry.look_up(asked)
    if inbound.phone and inbound.lid:
        return Registration(person.phone or inbound.phone, inbound.lid)
    if person.name is None:
        raise ApiError(HTTPStatus.BAD_REQUEST, f"{asked} has no WhatsApp")
    return person


def envelope(zapi: "Zapi", inbound: Inbound, person: Registration) -> dict[str, Any]:
    """What every ReceivedCallback has beside its content."""
    return {
        "isStatusReply": False,
        "chatLid": person.lid,
        "senderLid": person.lid,
        "connectedPhone": OUR_NUMBER,
        "waitingMessage": False,
        "isEdit": inbound.edit,
        "isGroup": False,
        "isNewsletter": False,
        "instanceId": ZAPI_INSTANCE,
        "messageId": inbound.message_id,
        "phone": person.name_by_lid if inbound.as_lid else name_of(zapi, person),
        "fromMe": inbound.from_me,
        "fromApi": False,
        "momment": now(),
        "status": "SENT" if inbound.from_me else "RECEIVED",
        "chatName": inbound.name,
        "senderName": inbound.name,
        "senderPhoto": None,
        "photo": None,
        "participantPhone": None,
        "participantLid": None,
        "broadcast": False,
        "forwarded": False,
        "type": "ReceivedCallback",
    }


def content_of(zapi: "Zapi", inbound: Inbound) -> dict[str, Any]:
    if notice := NOTICES.get(inbound.kind):
        return notice(inbound)
    if inbound.kind not in KINDS:
        known = ", ".join([*KINDS, *NOTICES])
        raise ApiError(HTTPStatus.BAD_REQUEST, f"No message is of kind {inbound.kind!r}; there are {known}")
    name, content = KINDS[inbound.kind]
    link = partial(media_link, zapi.address, expired=inbound.expired)
    advert = {"externalAdReply": ADVERT} if inbound.kind == "ad" else {}
    return {name: content(inbound, link) | inbound.content, **advert}
