"""What a person's message contains, by kind, in the shape Z-API gives it."""

import time
import uuid
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from carinho.simulator.protocol import RequestModel

Content = dict[str, Any]
Link = Callable[[str], str]  # the address of a file of this name

OUR_NUMBER = "5511940000000"
MEDIA_PATH = "/media/"
EXPIRED = "expired-"  # such a file is 404
MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "ogg": "audio/ogg",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
}
LATER = 30 * 24 * 60 * 60 * 1000
ITEM = {"quantity": 2, "name": "Diária", "productId": "5338924696127051", "price": 18000}
ADVERT = {
    "title": "Cuidadoras em casa",
    "body": "Fale com a gente",
    "mediaType": 1,
    "sourceType": "ad",
    "sourceId": "23722824350495506",
    "sourceUrl": "https://ad.test",
    "ctwaClid": "ARAkLkA8rmlFeiCktEJQ",
}


class Inbound(RequestModel):
    """A message of `kind`, a key of KINDS or NOTICES.

    By `phone` (in any form; WhatsApp's own is reported), or by `lid` alone: somebody whose number is hidden.
    `edit` and `waiting` concern the message of `message_id`: the first reports it again with other
    content; the second reports it without any, and again with its content a few seconds later.
    """

    kind: str = "text"
    phone: str | None = None
    lid: str | None = None
    as_lid: bool = False  # `phone` is named by its lid, though it is known
    name: str = "Maria Souza"
    text: str = "Olá, preciso de uma cuidadora para minha mãe."
    choice: str = "5"  # the id of a button, list row, poll option or reaction's emoji
    message_id: str = Field(default_factory=lambda: f"3A{uuid.uuid4().hex[:18].upper()}")
    about: str | None = None  # the message it answers, reacts to, removes, pins or votes in
    place: Literal["person", "group", "newsletter", "broadcast", "status"] = "person"
    edit: bool = False
    waiting: bool = False
    from_me: bool = False  # written on our own phone
    expired: bool = False  # its media link leads to a 404
    content: dict[str, Any] = Field(default_factory=dict)  # over what the kind has
    fields: dict[str, Any] = Field(default_factory=dict)  # over what every message has


def now_ms() -> int:
    return int(time.time() * 1000)


def media_link(address: str, name: str, *, expired: bool = False) -> str:
    return f"{address}/zapi{MEDIA_PATH}{EXPIRED if expired else ''}{name}"


def _referenced(inbound: Inbound) -> Content:
    return {"messageId": inbound.about, "fromMe": True, "phone": inbound.phone, "participant": None}


def _order(**more: Any) -> Content:
    totals = {"currency": "BRL", "total": 36000, "subTotal": 36000}
    return {**totals, **more, "products": [{**ITEM, "currencyCode": "BRL"}]}


def _payment(status: str, transaction: str) -> Content:
    amount = {"receiverPhone": OUR_NUMBER, "value": 180, "currencyCode": "BRL"}
    return {"paymentInfo": {**amount, "status": status, "transactionStatus": transaction}}


def _v_card(name: str) -> str:
    lines = (
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{name}",
        "TEL;waid=5511987650001:+55 11 98765-0001",
        "END:VCARD",
    )
    return "\n".join(lines)


def _picture(inbound: Inbound, link: Link) -> Content:
    size = {"mimeType": "image/jpeg", "width": 600, "height": 315}
    urls = {"imageUrl": link("foto.jpg"), "thumbnailUrl": link("foto-pequena.jpg")}
    return {**size, **urls, "caption": inbound.text, "viewOnce": False}


def _document(inbound: Inbound, link: Link) -> Content:
    names = {"fileName": "receita.pdf", "title": "Receita", "caption": inbound.text}
    urls = {"documentUrl": link("receita.pdf"), "thumbnailUrl": link("receita.jpg")}
    return {**names, **urls, "mimeType": "application/pdf", "pageCount": 1}


def _place(_: Inbound, __: Link) -> Content:
    names = {"name": "Casa da Maria", "address": "Rua das Flores, 100", "url": "", "thumbnailUrl": None}
    return {"latitude": -23.5505, "longitude": -46.6333, **names}


def _product(inbound: Inbound, link: Link) -> Content:
    names = {"title": "Diária de cuidadora", "description": inbound.text, "url": "", "retailerId": ""}
    return {**names, "productId": "99999999999999999999", "productImage": link("diaria.jpg"), "price": 180}


KINDS: dict[str, tuple[str, Callable[[Inbound, Link], Content]]] = {
    "text": ("text", lambda it, _: {"message": it.text}),
    "ad": (
        "text",
        lambda it, _: {"message": it.text, "title": "Cuidadoras em casa", "url": "https://ad.test"},
    ),
    "image": ("image", _picture),
    "audio": (
        "audio",
        lambda _, link: {
            "audioUrl": link("voz.ogg"),
            "mimeType": "audio/ogg; codecs=opus",
            "ptt": True,
            "seconds": 7,
            "viewOnce": False,
        },
    ),
    "video": (
        "video",
        lambda it, link: {
            "videoUrl": link("video.mp4"),
            "caption": it.text,
            "mimeType": "video/mp4",
            "seconds": 12,
            "viewOnce": False,
        },
    ),
    "document": ("document", _document),
    "location": ("location", _place),
    "contact": (
        "contact",
        lambda it, _: {"displayName": it.name, "vCard": _v_card(it.name), "phones": ["5511987650001"]},
    ),
    "sticker": ("sticker", lambda _, link: {"stickerUrl": link("figura.webp"), "mimeType": "image/webp"}),
    "reaction": (
        "reaction",
        lambda it, _: {
            "value": it.choice,
            "time": now_ms(),
            "reactionBy": it.phone or it.lid,
            "referencedMessage": _referenced(it),
        },
    ),
    "button": ("buttonsResponseMessage", lambda it, _: {"buttonId": it.choice, "message": it.text}),
    "list": (
        "listResponseMessage",
        lambda it, _: {"message": it.text, "title": it.text, "selectedRowId": it.choice},
    ),
    "poll": ("poll", lambda it, _: {"question": it.text, "options": [{"name": "Sim"}, {"name": "Não"}]}),
    "poll_vote": (
        "pollVote",
        lambda it, _: {"pollMessageId": it.about, "options": [{"name": it.choice}]},
    ),
    "template": (
        "hydratedTemplate",
        lambda it, _: {"header": {}, "message": it.text, "footer": "", "title": "", "hydratedButtons": []},
    ),
    "buttons": (
        "buttonsMessage",
        lambda it, _: {"imageUrl": None, "message": it.text, "buttons": [{"buttonId": "1", "label": "Sim"}]},
    ),
    "carousel": (
        "carouselMessage",
        lambda it, _: {"text": it.text, "cards": [{"header": {}, "message": it.text, "footer": ""}]},
    ),
    "pix_key": (
        "pixKeyMessage",
        lambda it, _: {
            "currency": "BRL",
            "referenceId": "4N9AVI38VOB",
            "key": "maria@exemplo.test",
            "keyType": "EMAIL",
            "merchantName": it.name,
        },
    ),
    "order": (
        "order",
        lambda it, _: _order(itemCount=1, orderId="422508169684569", message=it.text, orderTitle="Diárias"),
    ),
    "product": ("product", _product),
    "review_and_pay": (
        "reviewAndPay",
        lambda _, __: _order(referenceId="4N9AVI38VOB", orderStatus="pending", paymentStatus="pending"),
    ),
    "request_payment": (
        "requestPayment",
        lambda it, _: {
            "value": 180,
            "currencyCode": "BRL",
            "expiration": now_ms() + LATER,
            "requestPhone": it.phone,
            **_payment("WAITING", "COLLECT_SUCCESS"),
        },
    ),
    "send_payment": ("sendPayment", lambda _, __: _payment("COMPLETE", "SUCCESS")),
    "event": (
        "event",
        lambda it, _: {
            "name": it.text,
            "description": "",
            "canceled": False,
            "scheduleTime": now_ms(),
        },
    ),
    "event_response": (
        "eventResponse",
        lambda it, _: {
            "response": "GOING",
            "time": now_ms(),
            "referencedMessage": _referenced(it),
        },
    ),
    "pin": (
        "pinMessage",
        lambda it, _: {
            "action": "pin",
            "pinDurationInSecs": 604800,
            "referencedMessage": _referenced(it),
        },
    ),
    "newsletter_invite": (
        "newsletterAdminInvite",
        lambda it, _: {"newsletterId": "120363166555745933@newsletter", "newsletterName": it.text},
    ),
    "status_image": ("statusImage", _picture),
}


CALL_ID = "F44E0E2011E7C784BB9A4AC11749C436"


def _notice(name: str, *parameters: str, **more: Any) -> Content:
    return {"notification": name, "notificationParameters": list(parameters), **more}


# What WhatsApp says of itself in a chat: none of it is a message.
NOTICES: dict[str, Callable[[Inbound], Content]] = {
    "call": lambda _: _notice("CALL_VOICE", callId=CALL_ID),
    "missed_call": lambda _: _notice("CALL_MISSED_VOICE", callId=CALL_ID),
    "revoke": lambda it: _notice("REVOKE", referenceMessageId=it.about, callId=None),
    "encrypted": lambda _: _notice("E2E_ENCRYPTED", callId=None),
    "group_join": lambda it: _notice("GROUP_PARTICIPANT_ADD", it.phone or "", callId=None),
    "payment_declined": lambda it: _notice(
        "PAYMENT_ACTION_REQUEST_DECLINED", it.phone or "", "BRL", "1000", status="MESSAGE_RECEIVED"
    ),
    "profile_name": lambda it: _notice("PROFILE_NAME_UPDATED", it.name, messageId=None),
    "profile_picture": lambda _: _notice("PROFILE_PICTURE_UPDATED", messageId=None),
}
