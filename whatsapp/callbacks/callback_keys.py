"""By what a repeated callback is recognised, and what it is about. Pure: only the body is looked at."""

import hashlib
import json
from typing import Any

from django.utils.translation import gettext as _

from events.intake.envelope import RequestRejected
from whatsapp import contacts
from whatsapp.names import is_name

Body = dict[str, Any]
LONGEST_ID = 120
MOST_IDS = 1000  # in one callback; Z-API gives a handful
LONGEST_VALUE = 500  # characters, of what each of several receipts repeats
LONGEST_KEY = 200


def key_of(body: Body) -> str:
    """The same for the same callback, however often and however fast it comes."""
    parts = _parts(body)
    text = ":".join(str(part) for part in parts) if parts else ""
    return text if text and len(text) <= LONGEST_KEY else f"body:{_digest(body)}"


def _parts(body: Body) -> tuple[Any, ...] | None:
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
    return None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


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
    shared = {name: value for name, value in body.items() if _is_small(value)}
    return [shared | {"ids": [id], "id": id} for id in ids]


def _is_small(value: Any) -> bool:
    return not isinstance(value, dict | list) and len(str(value)) <= LONGEST_VALUE


def ids_of(body: Body) -> list[str]:
    """The WhatsApp ids a callback speaks of: one, several, or none."""
    several = body.get("ids")
    given = [*(several if isinstance(several, list) else []), body.get("messageId"), body.get("id")]
    return list(dict.fromkeys(str(id)[:LONGEST_ID] for id in given if isinstance(id, str | int) and id != ""))


def message_id_of(body: Body) -> str:
    """The message's own id; empty for what is none."""
    return str(body.get("messageId") or "")[:LONGEST_ID]


def identity_of(body: Body) -> contacts.Identity:
    """The person of a one-to-one conversation. Z-API gives the number where it knows no name."""
    names = [body.get("chatName")] if body.get("fromMe") else [body.get("senderName"), body.get("chatName")]
    name = next((name for name in names if isinstance(name, str) and is_name(name)), "")
    addresses = (
        body.get("chatLid"),
        None if body.get("fromMe") else body.get("senderLid"),
        body.get("phone"),
    )
    return contacts.identity(*addresses, name=name)
