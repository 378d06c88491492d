"""Messages: sent, waiting in the queue, read, deleted; who has WhatsApp; files of messages."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from typing import Any

from aiohttp import web

from carinho.simulator import ZAPI_INSTANCE
from carinho.simulator.protocol import answer, body_of, no_content
from carinho.simulator.systems.zapi import payloads
from carinho.simulator.systems.zapi.account import Zapi, ZapiError, routes
from carinho.simulator.systems.zapi.contents import EXPIRED, MEDIA_PATH, MEDIA_TYPES
from carinho.simulator.systems.zapi.instance import DONE
from carinho.simulator.systems.zapi.outbox import OutboxMessage

RECIPIENT = re.compile(r"\d{10,15}|[\d-]+-group|\d+@lid")
PAGE_SIZE = 20
MOST_PER_PAGE = 30
MOST_PHONES = 50_000  # documented by Z-API


@routes.post("/send-text", title="Mensagem de texto")
async def send_text(request: web.Request) -> web.Response:
    return accept(request, "text", await body_of(request), "message")


@routes.post("/send-option-list", title="Mensagem com lista de opções")
async def send_option_list(request: web.Request) -> web.Response:
    content = await body_of(request)
    needs_choices(content, "optionList", "options")
    return accept(request, "option-list", content, "message")


@routes.post("/send-button-list", title="Mensagem com botões")
async def send_button_list(request: web.Request) -> web.Response:
    content = await body_of(request)
    needs_choices(content, "buttonList", "buttons")
    return accept(request, "button-list", content, "message")


@routes.post("/send-button-actions", title="Mensagem com ações")
async def send_button_actions(request: web.Request) -> web.Response:
    return accept(request, "button-actions", await body_of(request), "message", "buttonActions")


@routes.post("/send-link", title="Mensagem com link")
async def send_link(request: web.Request) -> web.Response:
    content = await body_of(request)
    if not str(content.get("message", "")).rstrip().endswith(str(content.get("linkUrl", ""))):
        raise ZapiError(HTTPStatus.BAD_REQUEST, "message must end with linkUrl")
    return accept(request, "link", content, "message", "linkUrl", "title", "linkDescription")


@routes.post("/send-image", title="Imagem")
async def send_image(request: web.Request) -> web.Response:
    return accept(request, "image", await body_of(request), "image")


@routes.post("/send-document/{extension}", title="Documento")
async def send_document(request: web.Request) -> web.Response:
    content = {**await body_of(request), "extension": request.match_info["extension"]}
    return accept(request, "document", content, "document")


@routes.post("/send-audio", title="Áudio")
async def send_audio(request: web.Request) -> web.Response:
    return accept(request, "audio", await body_of(request), "audio")


def needs_choices(body: dict[str, Any], group: str, name: str) -> None:
    choices = body.get(group)
    if not isinstance(choices, dict) or not isinstance(choices.get(name), list) or not choices[name]:
        raise ZapiError(HTTPStatus.BAD_REQUEST, f"{group}.{name} is required")


def accept(request: web.Request, kind: str, content: dict[str, Any], *needed: str) -> web.Response:
    """Take a message into the queue; it goes when its turn comes. Raises ZapiError."""
    zapi = Zapi.of(request)
    if not RECIPIENT.fullmatch(str(content.get("phone", ""))):
        raise ZapiError(HTTPStatus.BAD_REQUEST, "Invalid phone")
    for name in needed:
        _required(content, name)
    if not zapi.session.connected:
        check_queue(zapi)
    message = zapi.outbox.take(kind, content, zapi.registry.look_up(str(content["phone"])))
    zapi.queue_worker.wake_up()
    return answer({"zaapId": message.zaap_id, "messageId": message.message_id, "id": message.message_id})


def check_queue(zapi: Zapi) -> None:
    """What a message meets while the instance is away; neither answer is documented."""
    if not zapi.enqueues_while_away:
        raise ZapiError(zapi.settings.not_enqueued_status, "Instance is disconnected")
    if zapi.outbox.full:
        raise ZapiError(zapi.settings.queue_full_status, "Queue is full")


@routes.post("/queue", title="Leitura da fila")
async def read_queue(request: web.Request) -> web.Response:
    """A page goes on after the last message of the one before, whatever was sent meanwhile."""
    asked = await body_of(request)
    size = min(_count(asked, "pageSize", PAGE_SIZE), MOST_PER_PAGE)
    found = list(islice(Zapi.of(request).outbox.after(_count(asked, "pagingState", 0)), size + 1))
    page, more = found[:size], len(found) > size
    state = str(page[-1].number) if more else None
    return answer({"messages": [_as_listed(each) for each in page], "pagingState": state, "hasMore": more})


@routes.delete("/queue", title="Esvaziamento da fila")
async def empty_queue(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    for zaap_id in tuple(zapi.outbox.waiting):
        zapi.outbox.remove(zaap_id)
    return answer(DONE)


@routes.delete("/queue/{zaap_id}", title="Retirada da fila")
async def remove_from_queue(request: web.Request) -> web.Response:
    Zapi.of(request).outbox.remove(request.match_info["zaap_id"])
    return answer(DONE)


@routes.put("/update-queue-settings", title="Regra da fila")
async def update_settings(request: web.Request) -> web.Response:
    settings = await body_of(request)
    Zapi.of(request).enqueues_while_away = not settings.get("disableEnqueueWhenDisconnected")
    return answer({"success": True})


def _as_listed(message: OutboxMessage) -> dict[str, Any]:
    return {
        "_id": message.message_id,
        "ZaapId": message.zaap_id,
        "MessageId": message.message_id,
        "InstanceId": ZAPI_INSTANCE,
        "Phone": str(message.content["phone"]),
        "Message": message.text,
        "DelayMessage": message.delay("delayMessage") or 0,
        "DelayTyping": message.delay("delayTyping") or 0,
        "Created": int(message.at * 1000),
        "CreatedAt": datetime.fromtimestamp(message.at, UTC).isoformat(),
        "IsTrial": False,
        "Beta": False,
    }


def _count(asked: dict[str, Any], name: str, default: int) -> int:
    given = str(asked.get(name) or default)
    if not given.isdecimal():
        raise ZapiError(HTTPStatus.BAD_REQUEST, f"Invalid {name}")
    return int(given)


@routes.post("/read-message", title="Marcação de lida")
async def read_message(request: web.Request) -> web.Response:
    zapi = Zapi.of(request)
    body = await body_of(request)
    phone, message_id = _required(body, "phone"), _required(body, "messageId")
    zapi.spawn(zapi.notify(payloads.read_by_me(phone, message_id)))
    return no_content()


@routes.delete("/messages", title="Exclusão de mensagem")
async def delete_message(request: web.Request) -> web.Response:
    """Our own message disappears for the person as well; whoever read it has read it."""
    message_id, _, owner = (_required(request.query, name) for name in ("messageId", "phone", "owner"))
    message = Zapi.of(request).outbox.all.get(message_id)
    if message and owner == "true":
        message.deleted = True
    return no_content()


def _required(fields: Mapping[str, Any], name: str) -> str:
    if not fields.get(name):
        raise ZapiError(HTTPStatus.BAD_REQUEST, f"{name} is required")
    return str(fields[name])


@routes.get("/phone-exists/{phone}", title="Consulta de número")
async def phone_exists(request: web.Request) -> web.Response:
    known = Zapi.of(request).registry.look_up(request.match_info["phone"])
    return answer({"exists": known.phone is not None, "phone": known.phone, "lid": known.lid})


@routes.post("/phone-exists-batch", title="Consulta de números")
async def phones_exist(request: web.Request) -> web.Response:
    phones = (await body_of(request)).get("phones")
    if not isinstance(phones, list) or len(phones) > MOST_PHONES:
        raise ZapiError(HTTPStatus.BAD_REQUEST, "Invalid phones")
    found = [(str(phone), Zapi.of(request).registry.look_up(str(phone))) for phone in phones]
    return answer(
        [
            {
                "exists": known.phone is not None,
                "inputPhone": phone,
                "outputPhone": known.phone or phone,
                "lid": known.lid,
            }
            for phone, known in found
        ]
    )


@routes.get(MEDIA_PATH + "{name}", title="Arquivo de mensagem", prefix="")
async def media(request: web.Request) -> web.Response:
    """A file of few bytes; 404 behind an expired link."""
    name = request.match_info["name"]
    if name.startswith(EXPIRED):
        missing = {"code": "not_found", "message": "File with such name does not exist."}
        return answer(missing, HTTPStatus.NOT_FOUND)
    kind = MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return web.Response(body=f"simulated {name}".encode(), content_type=kind)
