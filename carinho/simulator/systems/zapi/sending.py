"""Sending: every kind of message is accepted with the same ids."""

import re
from typing import Any

from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, ZapiRefusal, routes
from carinho.simulator.visit import Visit

RECIPIENT = re.compile(r"\d{10,15}|[\d-]+-group|\d+@lid")


@routes("POST", "/send-text", "Mensagem de texto")
def send_text(zapi: Zapi, visit: Visit) -> Answer:
    return accept(zapi, "text", visit.body, "message")


@routes("POST", "/send-option-list", "Mensagem com lista de opções")
def send_option_list(zapi: Zapi, visit: Visit) -> Answer:
    needs_choices(visit.body, "optionList", "options")
    return accept(zapi, "option-list", visit.body, "message")


@routes("POST", "/send-button-list", "Mensagem com botões")
def send_button_list(zapi: Zapi, visit: Visit) -> Answer:
    needs_choices(visit.body, "buttonList", "buttons")
    return accept(zapi, "button-list", visit.body, "message")


@routes("POST", "/send-button-actions", "Mensagem com ações")
def send_button_actions(zapi: Zapi, visit: Visit) -> Answer:
    return accept(zapi, "button-actions", visit.body, "message", "buttonActions")


@routes("POST", "/send-link", "Mensagem com link")
def send_link(zapi: Zapi, visit: Visit) -> Answer:
    needs_link(visit.body)
    return accept(zapi, "link", visit.body, "message", "linkUrl", "title", "linkDescription")


@routes("POST", "/send-image", "Imagem")
def send_image(zapi: Zapi, visit: Visit) -> Answer:
    return accept(zapi, "image", visit.body, "image")


@routes("POST", "/send-document/{extension}", "Documento")
def send_document(zapi: Zapi, visit: Visit) -> Answer:
    return accept(zapi, "document", {**visit.body, "extension": visit.text("extension")}, "document")


@routes("POST", "/send-audio", "Áudio")
def send_audio(zapi: Zapi, visit: Visit) -> Answer:
    return accept(zapi, "audio", visit.body, "audio")


def needs_choices(body: dict[str, Any], group: str, name: str) -> None:
    choices = body.get(group)
    if not isinstance(choices, dict) or not isinstance(choices.get(name), list) or not choices[name]:
        raise ZapiRefusal(400, f"{group}.{name} is required")


def needs_link(body: dict[str, Any]) -> None:
    if not str(body.get("message", "")).rstrip().endswith(str(body.get("linkUrl", ""))):
        raise ZapiRefusal(400, "message must end with linkUrl")


def accept(zapi: Zapi, kind: str, content: dict[str, Any], *needed: str) -> Answer:
    """Take a message into the queue; it goes when its turn comes. Raises ZapiRefusal."""
    check(content, needed)
    if not zapi.session.connected:
        check_queue(zapi)
    message = zapi.outbox.take(kind, content, zapi.registry.look_up(str(content["phone"])))
    zapi.queue_worker.wake_up()
    ids = {"zaapId": message.zaap_id, "messageId": message.message_id, "id": message.message_id}
    return Answer(200, ids)


def check(content: dict[str, Any], needed: tuple[str, ...]) -> None:
    if not RECIPIENT.fullmatch(str(content.get("phone", ""))):
        raise ZapiRefusal(400, "Invalid phone")
    for name in needed:
        if not content.get(name):
            raise ZapiRefusal(400, f"{name} is required")


def check_queue(zapi: Zapi) -> None:
    """What a message meets while the instance is away; neither answer is documented."""
    if not zapi.enqueues_while_away:
        raise ZapiRefusal(zapi.settings.not_enqueued_status, "Instance is disconnected")
    if zapi.outbox.full:
        raise ZapiRefusal(zapi.settings.queue_full_status, "Queue is full")
