"""The account: one instance tied to one phone, its settings, who may call it, and how it refuses."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Literal, cast

import aiohttp
from aiohttp import web
from pydantic import Field

from carinho.simulator import ZAPI_CLIENT_TOKEN, ZAPI_INSTANCE, ZAPI_TOKEN
from carinho.simulator.faults import Fault
from carinho.simulator.memory import READS
from carinho.simulator.protocol import JSON_TYPE, ApiError, Handler, RequestModel, Routes, answer
from carinho.simulator.system import System
from carinho.simulator.systems.zapi import payloads
from carinho.simulator.systems.zapi.contents import MEDIA_PATH
from carinho.simulator.systems.zapi.faults import ActiveFaults
from carinho.simulator.systems.zapi.lifecycle import QueueWorker
from carinho.simulator.systems.zapi.outbox import Outbox, OutboxMessage
from carinho.simulator.systems.zapi.registry import Registry
from carinho.simulator.systems.zapi.session import Loss, Pairing, Session
from carinho.simulator.systems.zapi.webhooks import CallbackSender, WebhookAddresses, WebhookPayload

ADDRESS = re.compile(r"/zapi/instances/(?P<instance>[^/]+)/token/(?P<token>[^/]+)/.+")
NO_TOKEN = {400: "your client-token is not configured", 403: "Client-Token null not allowed"}
SECONDS_TO_ANSWER = aiohttp.ClientTimeout(total=30)
routes = Routes(prefix=f"/instances/{ZAPI_INSTANCE}/token/{ZAPI_TOKEN}")
control_routes = Routes()


class ZapiError(ApiError):
    """Z-API says no in its own words."""

    def __init__(self, status: int, error: str, **more: str) -> None:
        super().__init__(status, error)
        self.response = answer({"error": error, **more}, status)


class Settings(RequestModel):
    """How this Z-API behaves where the real one leaves it open, and how fast it lives.

    Everything Z-API does by itself takes its usual time divided by `speed`. Without a speed it lives in real
    time once a callback address is registered. Before that no message's lifecycle is reported, so there is
    none: a message arrives as it is sent.
    """

    speed: float | None = Field(default=None, gt=0)
    retry_webhooks: bool = False  # not documented; off proves that nobody needs it
    token_needed: bool = True  # the account token is active
    no_token_status: Literal[400, 403] = 400  # both were observed
    wrong_token_status: int = Field(default=401, ge=400, le=599)  # not documented, as are the next two
    queue_full_status: int = Field(default=400, ge=400, le=599)
    not_enqueued_status: int = Field(default=400, ge=400, le=599)
    phone_as_lid: bool = False  # callbacks name a person by lid where there is one
    qr_seconds: float = Field(default=20, gt=0)  # a QR code or phone code is valid; not divided by the speed
    passkey: bool = False  # the phone wants one: a challenge comes in place of a QR or phone code
    due: int = 4102455600  # when the instance was paid until, unix time
    payment_status: str = "PAID"


class Zapi(System):
    """What the instance does by itself runs in tasks beside the server."""

    name = "zapi"
    label = "WhatsApp (Z-API)"
    routes = routes
    control_routes = control_routes
    http: aiohttp.ClientSession

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        super().__init__()

    def reset(self) -> None:
        super().reset()
        self.cancel_tasks()
        self.tasks = set()
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
        self.webhook_sender = CallbackSender(self)

    def application(self) -> web.Application:
        app = super().application()
        app.cleanup_ctx.append(self.client_session)
        return app

    async def client_session(self, _: web.Application) -> AsyncIterator[None]:
        """Keep one for all callbacks while the server runs."""
        cookies = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(
            timeout=SECONDS_TO_ANSWER, cookie_jar=cookies, auto_decompress=False
        ) as self.http:
            yield
            self.cancel_tasks()

    def cancel_tasks(self) -> None:
        for task in self.tasks:
            task.cancel()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside the server."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @property
    def takes_time(self) -> bool:
        """Whether messages have a lifecycle, because somebody listens or a speed is set."""
        return self.settings.speed is not None or bool(self.webhooks.urls)

    @property
    def speed(self) -> float:
        return self.settings.speed or 1

    async def sleep(self, seconds: float) -> None:
        if seconds:
            await asyncio.sleep(seconds / self.speed)

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

    @property
    def trouble(self) -> str:
        return "" if self.session.connected else "celular desconectado"

    def fault_on(self, path: str) -> Fault | None:
        return super().fault_on(path) or self.faults.call_fault()

    def admit(self, request: web.Request) -> None:
        if request.path.startswith(f"/zapi{MEDIA_PATH}"):  # a link of its storage, open to all
            return
        address = ADDRESS.fullmatch(request.path)
        if address is None:
            raise nowhere()
        if (address["instance"], address["token"]) != (ZAPI_INSTANCE, ZAPI_TOKEN):
            raise ZapiError(self.settings.wrong_token_status, "Instance or token not found")
        if self.settings.token_needed:
            self.check_client_token(request.headers.get("Client-Token"))
        if error := request.match_info.http_exception:
            known = error.status == HTTPStatus.METHOD_NOT_ALLOWED
            raise ZapiError(error.status, "Method Not Allowed") if known else nowhere()
        if request.method in ("POST", "PUT") and request.content_type != JSON_TYPE:
            raise ZapiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type")

    def check_client_token(self, token: str | None) -> None:
        if not token:
            raise ZapiError(self.settings.no_token_status, NO_TOKEN[self.settings.no_token_status])
        if token != ZAPI_CLIENT_TOKEN:
            raise ZapiError(HTTPStatus.FORBIDDEN, "Client-Token not allowed")

    @web.middleware
    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Z-API knows no idempotency keys: what comes again is done again, and counted under its key."""
        self.admit(request)
        response = cast("web.Response", await handler(request))
        key = request.headers.get("Idempotency-Key")
        if key and request.method not in READS:
            self.keys.done(key, request.method, request.path, response)
        return response

    def load(self, world: Mapping[str, Any]) -> None:
        """`connected`: whether the phone is; `numbers`: how WhatsApp knows them. Raises ApiError."""
        for name, given in world.items():
            if name == "connected":
                self.connect() if given else self.lose()
            elif name == "numbers":
                self.registry.load(given)
            else:
                raise ApiError(HTTPStatus.BAD_REQUEST, f"{self.name} has no {name}")

    def records(self) -> dict[str, Any]:
        """Messages by phone, oldest first."""
        return {
            "connected": self.session.connected,
            "messages": self.outbox.sent_by_phone(),
            "queue": [message.as_json() for message in self.outbox.waiting.values()],
        }


def nowhere() -> ZapiError:
    """The path leads nowhere, which Z-API says with a 200."""
    message = "Unable to find matching target resource method"
    return ZapiError(HTTPStatus.OK, "NOT_FOUND", message=message)
