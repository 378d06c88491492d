"""Z-API's own queue: what waits because the phone is away, or for its turn."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

from carinho.simulator import ZAPI_INSTANCE
from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, ZapiRefusal, routes
from carinho.simulator.systems.zapi.addresses import DONE
from carinho.simulator.systems.zapi.outbox import OutboxMessage
from carinho.simulator.visit import Visit

PAGE_SIZE = 20
MOST_PER_PAGE = 30


@routes("POST", "/queue", "Leitura da fila")
def read_queue(zapi: Zapi, visit: Visit) -> Answer:
    """A page goes on after the last message of the one before, whatever was sent meanwhile."""
    size = min(_count(visit, "pageSize", PAGE_SIZE), MOST_PER_PAGE)
    found = list(islice(zapi.outbox.after(_count(visit, "pagingState", 0)), size + 1))
    page, more = found[:size], len(found) > size
    state = str(page[-1].number) if more else None
    return Answer(
        200, {"messages": [_as_listed(each) for each in page], "pagingState": state, "hasMore": more}
    )


@routes("DELETE", "/queue", "Esvaziamento da fila")
def empty_queue(zapi: Zapi, _: Visit) -> Answer:
    for zaap_id in tuple(zapi.outbox.waiting):
        zapi.outbox.remove(zaap_id)
    return Answer(200, DONE)


@routes("DELETE", "/queue/{zaap_id}", "Retirada da fila")
def remove_from_queue(zapi: Zapi, visit: Visit) -> Answer:
    zapi.outbox.remove(visit.text("zaap_id"))
    return Answer(200, DONE)


@routes("PUT", "/update-queue-settings", "Regra da fila")
def update_settings(zapi: Zapi, visit: Visit) -> Answer:
    zapi.enqueues_while_away = not visit.body.get("disableEnqueueWhenDisconnected")
    return Answer(200, {"success": True})


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


def _count(visit: Visit, name: str, default: int) -> int:
    given = str(visit.body.get(name) or default)
    if not given.isdecimal():
        raise ZapiRefusal(400, f"Invalid {name}")
    return int(given)
