"""Webhooks: the addresses Z-API calls, and the sender that calls them, with faults if some are on."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import aiohttp

from carinho.simulator import ZAPI_TOKEN

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

KINDS = (  # one address for each
    "received",
    "delivery",
    "disconnected",
    "connected",
    "messageStatus",
    "presenceChat",
    "receivedDelivery",
)
KIND_OF_TYPE = {
    "ReceivedCallback": "received",
    "DeliveryCallback": "delivery",
    "MessageStatusCallback": "messageStatus",
    "ConnectedCallback": "connected",
    "DisconnectedCallback": "disconnected",
    "PresenceChatCallback": "presenceChat",
}
OTHER_KIND = {"received": "receivedDelivery", "receivedDelivery": "received"}  # used if one is not set
HEADERS = {
    "Origin": "https://api.z-api.io",
    "Server": "Z-API",
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/102",
    "Z-Api-Token": ZAPI_TOKEN,
}
MOST_KEPT = 20_000
ONCE, AGAIN = (0,), (0, 1, 5, 25)  # seconds before each attempt
HELD_SECONDS = 20  # longer than it takes until the next callback about the same message


@dataclass(frozen=True, slots=True)
class WebhookPayload:
    """A body and, if it is about our own messages, their ids and the status it reports."""

    body: dict[str, Any]
    message_ids: tuple[str, ...] = ()
    status: str = ""

    @property
    def type(self) -> str:
        return str(self.body["type"])

    @property
    def kind(self) -> str:
        return "receivedDelivery" if self.body.get("fromMe") else KIND_OF_TYPE[self.type]


class WebhookAddresses:
    """Addresses by kind; with `sent_by_me` Z-API also reports what the connected number itself sent."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self.sent_by_me = False

    def set(self, kind: str, url: str) -> None:
        if url:
            self.urls[kind] = url
        else:
            self.urls.pop(kind, None)

    def url(self, payload: WebhookPayload) -> str | None:
        """Where it goes; None if nobody asked for it."""
        if payload.kind == "receivedDelivery" and not self.sent_by_me:
            return None
        return self.urls.get(payload.kind) or self.urls.get(OTHER_KIND.get(payload.kind, ""))

    def as_json(self) -> dict[str, str | bool | None]:
        urls = {f"{kind}CallbackUrl": self.urls.get(kind) for kind in KINDS}
        return {**urls, "receiveCallbackSentByMe": self.sent_by_me}


@dataclass(slots=True)
class WebhookDelivery:
    """A payload on its way to an address, and what came of it: a status, or an error."""

    payload: WebhookPayload
    url: str
    fault: str | None = None
    attempt: int = 1
    answer: int | None = None
    error: str | None = None
    at: float = field(default_factory=time.time)

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "type": self.payload.type,
            "url": self.url,
            "answer": self.answer,
            "error": self.error,
            "fault": self.fault,
            "attempt": self.attempt,
            "body": self.payload.body,
        }


class CallbackSender:
    """Delivers payloads beside the server, and keeps a log of every attempt."""

    def __init__(self, zapi: "Zapi") -> None:
        self.zapi = zapi
        self.log: deque[WebhookDelivery] = deque(maxlen=MOST_KEPT)
        self._held: dict[str, WebhookDelivery] = {}  # by message id

    async def send(self, payload: WebhookPayload) -> None:
        """Deliver it if somebody asked for it. Returns when it was answered, or when a fault keeps it."""
        url = self.zapi.webhooks.url(payload)
        if url is None or self.zapi.session.silent:
            return
        fault = self.zapi.faults.webhook_fault(payload)
        if fault is None:
            await self._deliver(WebhookDelivery(payload, url))
            await self._release(payload)
            return
        delivery = WebhookDelivery(payload, url, fault.kind)
        match fault.kind:
            case "lose":
                delivery.error = "lost"
                self.log.append(delivery)
            case "duplicate":
                await self._deliver(delivery)
                await self._deliver(delivery, after=1)
            case "twins":
                await asyncio.gather(self._deliver(delivery), self._deliver(delivery))
            case "delay":
                self.zapi.spawn(self._deliver(delivery, after=fault.seconds))
            case "reorder":
                self._hold(delivery)

    async def _deliver(self, delivery: WebhookDelivery, *, after: float = 0) -> None:
        """Post it, as often as the settings allow, until it is answered with 2xx."""
        await self.zapi.sleep(after)
        for number, wait in enumerate(AGAIN if self.zapi.settings.retry_webhooks else ONCE, start=1):
            await self.zapi.sleep(wait)
            attempt = replace(delivery, attempt=number, at=time.time())
            self.log.append(attempt)
            await self._post(attempt)
            if attempt.answer is not None and 200 <= attempt.answer < 300:
                self._mark_notified(attempt.payload)
                return

    async def _post(self, attempt: WebhookDelivery) -> None:
        try:
            async with self.zapi.http.post(attempt.url, json=attempt.payload.body, headers=HEADERS) as answer:
                await answer.read()
                attempt.answer = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            attempt.error = str(error) or type(error).__name__

    def _mark_notified(self, payload: WebhookPayload) -> None:
        for message_id in payload.message_ids:
            if payload.status and (message := self.zapi.outbox.all.get(message_id)):
                message.mark_notified(payload.status)

    def _hold(self, delivery: WebhookDelivery) -> None:
        """Keep it until the next one about its message has gone, or until that is late."""
        if not delivery.payload.message_ids:
            self.zapi.spawn(self._deliver(delivery))
            return
        for message_id in delivery.payload.message_ids:
            self._held[message_id] = delivery

        async def give_up() -> None:
            await self.zapi.sleep(HELD_SECONDS)
            if delivery in self._held.values():
                await self._release(delivery.payload)

        self.zapi.spawn(give_up())

    async def _release(self, payload: WebhookPayload) -> None:
        """Deliver what was held until something about its messages had gone."""
        for message_id in payload.message_ids:
            if held := self._held.pop(message_id, None):
                # A receipt of several messages is held under each of them, and goes once.
                self._held = {key: value for key, value in self._held.items() if value is not held}
                await self._deliver(held)
