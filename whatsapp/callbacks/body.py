"""Reads the body of a callback: what can be stored of it, its key, its messages, its person, its time.

Z-API sends nothing twice, and what it sends is a family's message, so as little as possible is refused: half
an emoji is no reason to lose one.
"""

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from events.intake.envelope import RequestRejected
from whatsapp import contacts
from whatsapp.templates import is_name

Body = dict[str, Any]
NOT_STORABLE = re.compile(r"[\ud800-\udfff]")  # halves of a pair, which UTF-8 cannot encode
MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138
LONGEST_MESSAGE_ID = 120
MOST_IDS = 1000  # in one callback; Z-API gives a handful
LONGEST_VALUE = 500  # characters, of what each of several receipts repeats
LONGEST_KEY = 200


def parse(raw: bytes) -> Body:
    """The decoded body. Raises `RequestRejected` for what is no JSON object."""
    try:
        text = raw.decode("utf-8-sig", errors="replace")
        body = _storable(json.loads(text, parse_constant=lambda _name: None, parse_float=_finite))
    except (ValueError, RecursionError) as error:
        raise RequestRejected("invalid_json", _("O corpo não é um JSON válido."), status=400) from error
    if not isinstance(body, dict):
        raise RequestRejected("invalid_callback", _("O aviso deve ser um objeto JSON."), status=400)
    return body


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return NOT_STORABLE.sub("\ufffd", value.replace("\x00", ""))
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    return [_storable(part) for part in value] if isinstance(value, list) else value


def key_of(body: Body) -> str:
    """The same for the same callback, however often and however fast it comes."""
    text = ":".join(str(part) for part in _key_parts(body))
    if text and len(text) <= LONGEST_KEY:
        return text
    return f"body:{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()}"


def _key_parts(body: Body) -> tuple[Any, ...]:
    type, instance = body.get("type"), body.get("instanceId", "")
    if type == "ReceivedCallback" and body.get("messageId"):
        edit = f"edit@{body.get('momment', '')}" if body.get("isEdit") else ""
        chat = body.get("chatLid") or body.get("phone") or ""
        whose = "ours" if body.get("fromMe") else ""
        stage = "waiting" if body.get("waitingMessage") else body.get("notification") or ""
        return type, instance, chat, whose, body["messageId"], edit, stage
    if type == "DeliveryCallback" and (id := body.get("messageId") or body.get("zaapId")):
        return type, instance, id, "error" if body.get("error") else ""
    if type == "MessageStatusCallback" and (ids := ids_of(body)):
        return type, instance, body.get("status"), *ids
    if type in ("ConnectedCallback", "DisconnectedCallback") and body.get("momment"):
        return type, instance, body["momment"]
    return ()


def parts_of(body: Body) -> list[Body]:
    """A status for several messages is one callback each: some may be known before others.

    Raises `RequestRejected` for more messages than a status is ever about.
    """
    ids = ids_of(body) if body.get("type") == "MessageStatusCallback" else []
    if len(ids) > MOST_IDS:
        sentence = _("Um aviso de situação fala de no máximo %d mensagens.") % MOST_IDS
        raise RequestRejected("too_many_ids", sentence, status=422)
    if len(ids) < 2:
        return [body]
    shared = {
        name: value
        for name, value in body.items()
        if not isinstance(value, dict | list) and len(str(value)) <= LONGEST_VALUE
    }
    return [shared | {"ids": [id], "id": id} for id in ids]


def ids_of(body: Body) -> list[str]:
    """The WhatsApp ids a callback speaks of: one, several, or none."""
    several = body.get("ids")
    given = [*(several if isinstance(several, list) else []), body.get("messageId"), body.get("id")]
    return list(
        dict.fromkeys(str(id)[:LONGEST_MESSAGE_ID] for id in given if isinstance(id, str | int) and id != "")
    )


def message_id_of(body: Body) -> str:
    """The message's own id; empty for what is none."""
    return str(body.get("messageId") or "")[:LONGEST_MESSAGE_ID]


def identity_of(body: Body) -> contacts.Identity:
    """The person of a one-to-one conversation. Z-API gives the number where it knows no name."""
    names = [body.get("chatName")] if body.get("fromMe") else [body.get("senderName"), body.get("chatName")]
    name = next((name for name in names if isinstance(name, str) and is_name(name)), "")
    sender_lid = None if body.get("fromMe") else body.get("senderLid")
    return contacts.identity(body.get("chatLid"), sender_lid, body.get("phone"), name=name)


def timestamp_of(momment: Any, otherwise: datetime) -> datetime:
    """A time as Z-API writes it: usually milliseconds, sometimes seconds.

    `otherwise` for what is none, and for what is later than it.
    """
    try:
        number = float(momment)
        at = datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise
    return at if at.year >= 2020 and at <= otherwise else otherwise
