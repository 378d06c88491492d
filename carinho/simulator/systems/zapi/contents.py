"""The content of a person's message by kind, in the shape Z-API gives it."""

from collections.abc import Callable
from typing import Any

from carinho.simulator.systems.zapi.inbound import Inbound
from carinho.simulator.systems.zapi.telling import OUR_NUMBER, milliseconds

Content = dict[str, Any]
Link = Callable[[str], str]
Make = Callable[[Inbound, Link], Content]
LATER = 30 * 24 * 60 * 60 * 1000
ITEM = {"quantity": 2, "name": "Diária", "productId": "5338924696127051", "price": 18000}


def _referenced(given: Inbound) -> Content:
    return {"messageId": given.about, "fromMe": True, "phone": given.phone, "participant": None}


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


def _picture(given: Inbound, link: Link) -> Content:
    size = {"mimeType": "image/jpeg", "width": 600, "height": 315}
    urls = {"imageUrl": link("foto.jpg"), "thumbnailUrl": link("foto-pequena.jpg")}
    return {**size, **urls, "caption": given.text, "viewOnce": False}


def _document(given: Inbound, link: Link) -> Content:
    names = {"fileName": "receita.pdf", "title": "Receita", "caption": given.text}
    urls = {"documentUrl": link("receita.pdf"), "thumbnailUrl": link("receita.jpg")}
    return {**names, **urls, "mimeType": "application/pdf", "pageCount": 1}


def _place(_: Inbound, __: Link) -> Content:
    names = {"name": "Casa da Maria", "address": "Rua das Flores, 100", "url": "", "thumbnailUrl": None}
    return {"latitude": -23.5505, "longitude": -46.6333, **names}


def _product(given: Inbound, link: Link) -> Content:
    names = {"title": "Diária de cuidadora", "description": given.text, "url": "", "retailerId": ""}
    return {**names, "productId": "99999999999999999999", "productImage": link("diaria.jpg"), "price": 180}


KINDS: dict[str, tuple[str, Make]] = {
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
            "time": milliseconds(),
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
            "expiration": milliseconds() + LATER,
            "requestPhone": it.phone,
            **_payment("WAITING", "COLLECT_SUCCESS"),
        },
    ),
    "send_payment": ("sendPayment", lambda _, __: _payment("COMPLETE", "SUCCESS")),
    "event": (
        "event",
        lambda it, _: {"name": it.text, "description": "", "canceled": False, "scheduleTime": milliseconds()},
    ),
    "event_response": (
        "eventResponse",
        lambda it, _: {"response": "GOING", "time": milliseconds(), "referencedMessage": _referenced(it)},
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
