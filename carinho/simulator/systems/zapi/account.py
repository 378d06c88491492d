"""The account: its instance, who may call it, and how it refuses."""

import asyncio
import re
from collections.abc import Coroutine, Mapping
from typing import Any

from carinho.simulator import ZAPI_CLIENT_TOKEN, ZAPI_INSTANCE, ZAPI_TOKEN
from carinho.simulator.answers import JSON_TYPE, Answer, Refusal
from carinho.simulator.faults import Fault
from carinho.simulator.routes import Route, Routes
from carinho.simulator.system import System
from carinho.simulator.systems.zapi import media, payloads
from carinho.simulator.systems.zapi.faults import ActiveFaults
from carinho.simulator.systems.zapi.lifecycle import QueueWorker
from carinho.simulator.systems.zapi.outbox import Outbox, OutboxMessage
from carinho.simulator.systems.zapi.qr import Pairing
from carinho.simulator.systems.zapi.registry import Registry
from carinho.simulator.systems.zapi.session import Loss, Session
from carinho.simulator.systems.zapi.settings import Settings
from carinho.simulator.systems.zapi.webhooks import WebhookAddresses, WebhookPayload, WebhookSender
from carinho.simulator.visit import Visit

ADDRESS = re.compile(r"/instances/(?P<instance>[^/]+)/token/(?P<token>[^/]+)(?P<action>/.+)")
NOWHERE = {"error": "NOT_FOUND", "message": "Unable to find matching target resource method"}
NO_TOKEN = {400: "your client-token is not configured", 403: "Client-Token null not allowed"}
WITH_BODY = frozenset({"POST", "PUT"})
routes = Routes()
orders = Routes()


class ZapiRefusal(Refusal):
    """Z-API says no in its own words."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(status, error)
        self.answer = Answer(status, {"error": error})


class Nowhere(Refusal):
    """The path leads nowhere, which Z-API says with a 200."""

    def __init__(self) -> None:
        super().__init__(200, NOWHERE["error"])
        self.answer = Answer(200, NOWHERE)


class Zapi(System):
    """One instance, tied to one phone. What it does by itself runs in tasks beside the server."""

    name = "zapi"
    label = "WhatsApp (Z-API)"
    routes = routes
    orders = orders

    def __init__(self) -> None:
        super().__init__()
        self.settings = Settings()
        self.session = Session()
        self.pairing = Pairing()
        self.webhooks = WebhookAddresses()
        self.faults = ActiveFaults()
        self.registry = Registry()
        self.outbox = Outbox()
        self.unread: dict[str, list[OutboxMessage]] = {}  # by phone: arrived, and not read yet
        self.enqueues_while_away = True
        self.queue_worker = QueueWorker(self)
        self.webhook_sender = WebhookSender(self)
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def takes_time(self) -> bool:
        """Whether messages take time and have a life, because somebody listens or a speed is set."""
        return self.settings.speed is not None or bool(self.webhooks.urls)

    @property
    def speed(self) -> float:
        return self.settings.speed or 1

    @property
    def trouble(self) -> str:
        return "" if self.session.connected else "celular desconectado"

    async def sleep(self, seconds: float) -> None:
        if seconds:
            await asyncio.sleep(seconds / self.speed)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside the server."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def close(self) -> None:
        for task in tuple(self.tasks):
            task.cancel()
        if self.webhook_sender.http:
            self.spawn(self.webhook_sender.close())

    async def notify(self, payload: WebhookPayload) -> None:
        await self.webhook_sender.send(payload)

    def connect(self) -> None:
        """The instance is back, or was restarted. What waits goes out at its pace."""
        self.session.connect()
        self.spawn(self.notify(payloads.connected()))
        self.queue_worker.wake_up()

    def lose(self, loss: Loss | None = None) -> None:
        loss = loss or Loss()
        self.session.lose(keeps_session=loss.keeps_session)
        self.spawn(self.notify(payloads.disconnected(loss.error)))

    def route_path(self, path: str) -> str:
        address = ADDRESS.fullmatch(path)
        return address["action"] if address else ""

    def fault_on(self, path: str) -> Fault | None:
        return super().fault_on(path) or self.faults.call_fault()

    def answer(self, visit: Visit) -> Answer:
        if visit.path.startswith(media.PREFIX):
            return media.fetch(visit.path.removeprefix(media.PREFIX))
        return super().answer(visit)

    def admit(self, visit: Visit) -> None:
        address = ADDRESS.fullmatch(visit.path)
        if address is None:
            raise Nowhere
        if (address["instance"], address["token"]) != (ZAPI_INSTANCE, ZAPI_TOKEN):
            raise ZapiRefusal(self.settings.wrong_token_status, "Instance or token not found")
        if self.settings.token_needed:
            self._check_client_token(visit.headers.get("Client-Token"))

    def _check_client_token(self, given: str | None) -> None:
        if not given:
            status = self.settings.no_token_status
            raise ZapiRefusal(status, NO_TOKEN[status])
        if given != ZAPI_CLIENT_TOKEN:
            raise ZapiRefusal(403, "Client-Token not allowed")

    def route(self, visit: Visit) -> Route:
        if visit.match.route is None:
            raise ZapiRefusal(405, "Method Not Allowed") if visit.match.path_known else Nowhere
        if visit.method in WITH_BODY and not _is_json(visit):
            raise ZapiRefusal(415, "Unsupported Media Type")
        return visit.match.route

    def write(self, route: Route, visit: Visit) -> Answer:
        """Z-API knows no idempotency keys: whatever comes again is done again, and counted under its key."""
        return self.work(route, visit)

    def load(self, world: Mapping[str, Any]) -> None:
        """`connected`: whether the phone is; `numbers`: how WhatsApp knows them. Raises Refusal."""
        for name, given in world.items():
            if name == "connected":
                self.connect() if given else self.lose()
            elif name == "numbers":
                self.registry.load(given)
            else:
                raise Refusal(400, f"{self.name} has no {name}")

    def records(self) -> dict[str, Any]:
        """Messages by phone, oldest first."""
        return {
            "connected": self.session.connected,
            "messages": self.outbox.sent_by_phone(),
            "queue": [message.as_json() for message in self.outbox.waiting.values()],
        }


def _is_json(visit: Visit) -> bool:
    return visit.headers.get("Content-Type", "").partition(";")[0].strip().lower() == JSON_TYPE
