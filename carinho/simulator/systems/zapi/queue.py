"""Z-API's own queue: what waits because the phone is away."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

from carinho.simulator import ZAPI_INSTANCE
from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, ZapiRefusal, routes
from carinho.simulator.systems.zapi.outbox import Message
from carinho.simulator.visit import Visit

PAGE_SIZE = 20
MOST_PER_PAGE = 30


@routes("POST", "/queue", "Leitura da fila")
def read_queue(zapi: Zapi, visit: Visit) -> Answer:
    size, start = _count(visit, "pageSize", PAGE_SIZE), _count(visit, "pagingState", 0)
    end = start + min(size, MOST_PER_PAGE)
    waiting = zapi.outbox.waiting
    more = end < len(waiting)
    messages = [_as_listed(message) for message in islice(waiting.values(), start, end)]
    return Answer(200, {"messages": messages, "pagingState": str(end) if more else None, "hasMore": more})


@routes("DELETE", "/queue", "Esvaziamento da fila")
def empty_queue(zapi: Zapi, _: Visit) -> Answer:
    zapi.outbox.waiting.clear()
    return Answer(200, {"value": True})


@routes("DELETE", "/queue/{zaap_id}", "Retirada da fila")
def remove_from_queue(zapi: Zapi, visit: Visit) -> Answer:
    zapi.outbox.waiting.pop(visit.text("zaap_id"), None)
    return Answer(200, {"value": True})


def _as_listed(message: Message) -> dict[str, Any]:
    return {
        "_id": message["messageId"],
        "ZaapId": message["zaapId"],
        "MessageId": message["messageId"],
        "InstanceId": ZAPI_INSTANCE,
        "Phone": message["phone"],
        "Message": message["message"],
        "DelayMessage": message.get("delayMessage", 0),
        "DelayTyping": message.get("delayTyping", 0),
        "Created": int(message["at"] * 1000),
        "CreatedAt": datetime.fromtimestamp(message["at"], UTC).isoformat(),
        "IsTrial": False,
        "Beta": False,
    }


def _count(visit: Visit, name: str, default: int) -> int:
    given = str(visit.body.get(name) or default)
    if not given.isdecimal():
        raise ZapiRefusal(400, f"Invalid {name}")
    return int(given)
