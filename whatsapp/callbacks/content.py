"""What a person sent, as one readable line for Atendimento, whatever kind it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from carinho.local_time import SAO_PAULO
from whatsapp.callbacks.body import Body

MEDIA_LASTS = timedelta(days=30)
LONGEST_URL = 4000
LONGEST_QUOTE = 100
FILES = ("imageUrl", "videoUrl", "documentUrl", "audioUrl")


@dataclass(frozen=True)
class Content:
    kind: str
    text: str
    media_url: str = ""


def read(body: Body) -> Content | None:
    """The content of a received callback; None for one that has none (yet)."""
    for name, reader in READERS.items():
        if isinstance(body.get(name), dict) and body[name]:
            return reader(body[name])
    for name in NOT_SHOWN:
        if isinstance(body.get(name), dict | list) and body[name]:  # viewOnce is a flag of others, too
            return Content(name, _("Mensagem de um tipo que não mostramos: veja no celular"))
    return None


def of_notice(body: Body) -> Content | None:
    """What a person did that is no message, and Atendimento should know of; None for other notices."""
    words = MISSED.get(str(body.get("notification")))
    return Content("missed_call", _line("📞", words())) if words else None


def quoting(said: str, quoted: str) -> str:
    """The line, under the beginning of what it answers."""
    start = " ".join(quoted.split())
    start = start if len(start) <= LONGEST_QUOTE else start[:LONGEST_QUOTE] + "…"
    return _("↪️ Em resposta a “%(quoted)s”") % {"quoted": start} + f"\n{said}"


def with_end(content: Content, received_at: datetime) -> str:
    """The line, and until when the file can be fetched."""
    if not content.media_url:
        return content.text
    until = (received_at + MEDIA_LASTS).astimezone(SAO_PAULO)
    return content.text + _(" (arquivo disponível até %(day)s)") % {"day": f"{until:%d/%m/%Y}"}


def _string(part: Body, *names: str) -> str:
    return next((str(part[name]).strip() for name in names if part.get(name) not in (None, "")), "")


def _line(symbol: str, title: str, detail: str = "") -> str:
    return f"{symbol} {title}: {detail}" if detail else f"{symbol} {title}"


def _text(part: Body) -> Content:
    link = _string(part, "url")
    said = _string(part, "message")
    return Content("text", said if not link or link in said else f"{said}\n{link}".strip())


def _media(
    kind: str, symbol: str, title: Callable[[], str], url: str, *details: str
) -> Callable[[Body], Content]:
    def reader(part: Body) -> Content:
        address = _string(part, url)[:LONGEST_URL]
        line = _line(symbol, title(), _string(part, *details))
        if not address or part.get("downloadError"):
            return Content(kind, line + _(" (o arquivo não pôde ser baixado: veja no celular)"))
        return Content(kind, line, address)

    return reader


def _audio(part: Body) -> Content:
    seconds = part.get("seconds")
    length = f"{int(seconds) // 60}:{int(seconds) % 60:02d}" if isinstance(seconds, int | float) else ""
    title = _("Mensagem de voz") if part.get("ptt") else _("Áudio")
    return Content("audio", _line("🎤", title, length), _string(part, "audioUrl")[:LONGEST_URL])


def _location(part: Body) -> Content:
    place = ", ".join(filter(None, (_string(part, "name"), _string(part, "address"))))
    latitude, longitude = part.get("latitude"), part.get("longitude")
    link = _string(part, "url") or f"https://www.google.com/maps?q={latitude},{longitude}"
    return Content("location", _line("📍", _("Localização"), f"{place} {link}".strip()))


def _contact(part: Body) -> Content:
    phones = part.get("phones")
    numbers = ", ".join(map(str, phones)) if isinstance(phones, list) else ""
    return Content(
        "contact", _line("👤", _("Contato"), " ".join(filter(None, (_string(part, "displayName"), numbers))))
    )


def _choice(kind: str) -> Callable[[Body], Content]:
    def reader(part: Body) -> Content:
        chosen = _string(part, "message", "title", "selectedRowId", "buttonId")
        return Content(kind, _line("☑️", _("Escolheu"), chosen))

    return reader


def _poll(part: Body) -> Content:
    return Content("poll", _line("📊", _("Enquete"), _joined(_string(part, "question"), part.get("options"))))


def _vote(part: Body) -> Content:
    return Content("poll_vote", _line("📊", _("Votou"), _joined("", part.get("options"))))


def _joined(question: str, options: Any) -> str:
    listed = options if isinstance(options, list) else []
    names = [_string(option, "name") for option in listed if isinstance(option, dict)]
    return " ".join(filter(None, (question, "/".join(names))))


def _reaction(part: Body) -> Content:
    value = _string(part, "value")
    return Content(
        "reaction", _("Reagiu com %(value)s") % {"value": value} if value else _("Retirou a reação")
    )


def _sentence(kind: str, symbol: str, title: Callable[[], str], *details: str) -> Callable[[Body], Content]:
    def reader(part: Body) -> Content:
        return Content(kind, _line(symbol, title(), _string(part, *details)), _file_in(part)[:LONGEST_URL])

    return reader


def _file_in(value: Any) -> str:
    """The first file in a template, its header, its buttons or cards."""
    if isinstance(value, list):
        return next(filter(None, map(_file_in, value)), "")
    if not isinstance(value, dict):
        return ""
    return _string(value, *FILES) or next(filter(None, map(_file_in, value.values())), "")


def _payment(kind: str, title: Callable[[], str]) -> Callable[[Body], Content]:
    def reader(part: Body) -> Content:
        info = part.get("paymentInfo")
        known = (info if isinstance(info, dict) else {}) | part
        amount = " ".join(filter(None, (_string(known, "value"), _string(known, "currencyCode"))))
        return Content(kind, _line("💲", title(), amount))

    return reader


READERS: dict[str, Callable[[Body], Content]] = {
    "buttonsResponseMessage": _choice("button"),
    "listResponseMessage": _choice("list"),
    "reaction": _reaction,
    "text": _text,
    "image": _media("image", "📷", lambda: _("Foto"), "imageUrl", "caption"),
    "audio": _audio,
    "video": _media("video", "🎬", lambda: _("Vídeo"), "videoUrl", "caption"),
    "document": _media(
        "document", "📄", lambda: _("Documento"), "documentUrl", "fileName", "title", "caption"
    ),
    "sticker": _media("sticker", "🙂", lambda: _("Figurinha"), "stickerUrl"),
    "location": _location,
    "contact": _contact,
    "poll": _poll,
    "pollVote": _vote,
    "hydratedTemplate": _sentence("template", "💬", lambda: _("Mensagem com botões"), "message", "title"),
    "buttonsMessage": _sentence("buttons", "💬", lambda: _("Mensagem com botões"), "message", "text"),
    "carouselMessage": _sentence("carousel", "💬", lambda: _("Mensagem com cartões"), "text", "message"),
    "pixKeyMessage": _sentence("pix_key", "💲", lambda: _("Chave Pix"), "merchantName", "key"),
    "order": _sentence("order", "🛒", lambda: _("Pedido"), "orderTitle", "message"),
    "product": _sentence("product", "🛍️", lambda: _("Produto"), "title", "productId"),
    "reviewAndPay": _sentence("review_and_pay", "💲", lambda: _("Cobrança"), "referenceId"),
    "reviewOrder": _sentence("review_order", "🛒", lambda: _("Andamento do pedido"), "referenceId"),
    "requestPayment": _payment("request_payment", lambda: _("Pedido de pagamento")),
    "sendPayment": _payment("send_payment", lambda: _("Pagamento enviado")),
    "event": _sentence("event", "📅", lambda: _("Convite para evento"), "name", "description"),
    "eventResponse": _sentence("event_response", "📅", lambda: _("Resposta a convite"), "response"),
    "pinMessage": _sentence("pin", "📌", lambda: _("Fixou uma mensagem"), "action"),
    "newsletterAdminInvite": _sentence(
        "newsletter_invite", "📣", lambda: _("Convite para canal"), "newsletterName"
    ),
    "statusImage": _media("status_image", "📷", lambda: _("Foto de status"), "imageUrl", "caption"),
}
NOT_SHOWN = ("contacts", "contactsArray", "album", "sticker_pack", "viewOnce", "unsupported")
MISSED: dict[str, Callable[[], str]] = {
    "CALL_MISSED_VOICE": lambda: _("Chamada de voz perdida"),
    "CALL_MISSED_VIDEO": lambda: _("Chamada de vídeo perdida"),
}
