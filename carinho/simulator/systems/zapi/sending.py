"""Sending: every kind of message is accepted with the same ids."""

import re
from typing import Any

from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, ZapiRefusal, routes
from carinho.simulator.visit import Visit

RECIPIENT = re.compile(r"\d{10,15}|[\d-]+-group|\d+@lid")


@routes("POST", "/send-text", "Mensagem de texto")
def send_text(zapi: Zapi, visit: Visit) -> Answer:
    return accept(zapi, "text", visit.body)


@routes("POST", "/send-option-list", "Mensagem com lista de opções")
def send_option_list(zapi: Zapi, visit: Visit) -> Answer:
    needs_choices(visit.body, "optionList", "options")
    return accept(zapi, "option-list", visit.body)


@routes("POST", "/send-button-list", "Mensagem com botões")
def send_button_list(zapi: Zapi, visit: Visit) -> Answer:
    needs_choices(visit.body, "buttonList", "buttons")
    return accept(zapi, "button-list", visit.body)


def needs_choices(body: dict[str, Any], group: str, name: str) -> None:
    choices = body.get(group)
    if not isinstance(choices, dict) or not isinstance(choices.get(name), list) or not choices[name]:
        raise ZapiRefusal(400, f"{group}.{name} is required")


def accept(zapi: Zapi, kind: str, content: dict[str, Any]) -> Answer:
    """Take a message; it goes at once, or waits while the phone is away. Raises ZapiRefusal."""
    if not RECIPIENT.fullmatch(str(content.get("phone", ""))):
        raise ZapiRefusal(400, "Invalid phone")
    if not content.get("message"):
        raise ZapiRefusal(400, "message is required")
    if not zapi.connected and zapi.outbox.full:
        raise ZapiRefusal(400, "Queue is full")
    message = zapi.outbox.take(kind, content, at_once=zapi.connected)
    ids = {"zaapId": message["zaapId"], "messageId": message["messageId"], "id": message["messageId"]}
    return Answer(200, ids)
