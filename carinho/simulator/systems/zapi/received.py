"""The body of a received message, whoever wrote it and wherever."""

from functools import partial
from typing import TYPE_CHECKING, Any

from carinho.simulator import ZAPI_INSTANCE
from carinho.simulator.answers import Refusal
from carinho.simulator.systems.zapi import media, telling
from carinho.simulator.systems.zapi.callback import Callback
from carinho.simulator.systems.zapi.contents import KINDS
from carinho.simulator.systems.zapi.inbound import SOMEBODY, Inbound
from carinho.simulator.systems.zapi.ladder import SENT
from carinho.simulator.systems.zapi.notices import NOTICES
from carinho.simulator.systems.zapi.outbox import Message
from carinho.simulator.systems.zapi.registry import Registration

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

GROUP = "120363019502650977-group"
CHATS: dict[str, tuple[str, dict[str, Any]]] = {
    "group": (GROUP, {"isGroup": True, "chatName": "Família Souza"}),
    "newsletter": ("120363166555745933@newsletter", {"isNewsletter": True, "chatName": "Novidades"}),
    "broadcast": ("5511940000000-broadcast", {"broadcast": True}),
}


def person_of(zapi: "Zapi", given: Inbound) -> Registration:
    """Who writes. Raises Refusal for a number without WhatsApp."""
    asked = given.phone or given.lid or SOMEBODY
    person = zapi.registry.look_up(asked)
    if given.phone and given.lid:
        return Registration(person.phone or given.phone, given.lid)
    if person.name is None:
        raise Refusal(400, f"{asked} has no WhatsApp")
    return person


def received(zapi: "Zapi", given: Inbound) -> dict[str, Any]:
    """Raises Refusal for a kind that does not exist."""
    person = person_of(zapi, given)
    body = common(zapi, given, person) | about(given) | content(zapi, given)
    body |= place(given, person) | given.fields
    return {name: value for name, value in body.items() if name != "messageId" or value}


def common(zapi: "Zapi", given: Inbound, person: Registration) -> dict[str, Any]:
    phone = person.name_by_lid if given.as_lid else telling.shown(zapi, person)
    names = {"chatName": given.name, "senderName": given.name, "senderPhoto": None, "photo": None}
    return {
        "isStatusReply": False,
        "chatLid": person.lid,
        "senderLid": person.lid,
        "connectedPhone": telling.OUR_NUMBER,
        "waitingMessage": False,
        "isEdit": given.edit,
        "isGroup": False,
        "isNewsletter": False,
        "instanceId": ZAPI_INSTANCE,
        "messageId": given.message_id,
        "phone": phone,
        "fromMe": given.from_me,
        "fromApi": False,
        "momment": telling.milliseconds(),
        "status": SENT if given.from_me else "RECEIVED",
        **names,
        "participantPhone": None,
        "participantLid": None,
        "broadcast": False,
        "forwarded": False,
        "type": "ReceivedCallback",
    }


def about(given: Inbound) -> dict[str, Any]:
    return {"referenceMessageId": given.about} if given.about else {}


def content(zapi: "Zapi", given: Inbound) -> dict[str, Any]:
    if notice := NOTICES.get(given.kind):
        return notice(given)
    if given.kind not in KINDS:
        raise Refusal(400, f"No message is of kind {given.kind!r}; there are {', '.join([*KINDS, *NOTICES])}")
    name, make = KINDS[given.kind]
    link = partial(media.link, zapi.address, expired=given.expired)
    advert = {"externalAdReply": ADVERT} if given.kind == "ad" else {}
    return {name: make(given, link) | given.content, **advert}


ADVERT = {
    "title": "Cuidadoras em casa",
    "body": "Fale com a gente",
    "mediaType": 1,
    "sourceType": "ad",
    "sourceId": "23722824350495506",
    "sourceUrl": "https://ad.test",
    "ctwaClid": "ARAkLkA8rmlFeiCktEJQ",
}


def place(given: Inbound, person: Registration) -> dict[str, Any]:
    """Where it was written, if not in the chat with the person."""
    if given.place == "status":
        return {"isStatusReply": True}
    if given.place not in CHATS:
        return {}
    phone, flags = CHATS[given.place]
    author = {"participantPhone": person.phone, "participantLid": person.lid, "chatLid": None}
    return {"phone": phone, **author, **flags}


def waiting(body: dict[str, Any]) -> dict[str, Any]:
    """The same message while its content is not known yet."""
    contents = {name for name, _ in KINDS.values()}
    return {name: value for name, value in body.items() if name not in contents} | {"waitingMessage": True}


def echo(zapi: "Zapi", message: Message) -> Callback:
    """Our own message, as it is told when `sent by me` is on."""
    given = Inbound(from_me=True, message_id=message.message_id, text=message.text, name="Carinho")
    body = common(zapi, given, message.person) | {"fromApi": True}
    return Callback(body | sent_content(message), (message.message_id,), SENT)


def sent_content(message: Message) -> dict[str, Any]:
    if message.kind in MEDIA_FIELDS:
        name, field = MEDIA_FIELDS[message.kind]
        return {name: {field: message.content.get(name), "caption": message.content.get("caption", "")}}
    return {"text": {"message": message.text}}


MEDIA_FIELDS = {
    "image": ("image", "imageUrl"),
    "audio": ("audio", "audioUrl"),
    "document": ("document", "documentUrl"),
}
