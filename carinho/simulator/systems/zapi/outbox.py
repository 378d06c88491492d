"""What Z-API was given to send: waiting in its queue, or gone to WhatsApp."""

import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from carinho.simulator.systems.zapi.registry import Registration

QUEUED, REMOVED, SENT, FAILED = "QUEUED", "REMOVED", "SENT", "FAILED"
RECEIVED, READ, PLAYED = "RECEIVED", "READ", "PLAYED"
# In this order a message advances and never goes back. A receipt proves a failure wrong.
STATUSES = (QUEUED, REMOVED, SENT, FAILED, RECEIVED, READ, PLAYED)
MOST_WAITING = 1_000  # documented by Z-API, while disconnected
MOST_KEPT = 100_000  # older messages are forgotten, so that a long demo stays small
MOST_DELAY_SECONDS = 15  # documented by Z-API, of either delay
TEXTS = ("message", "caption", "fileName")


@dataclass(slots=True)
class OutboxMessage:
    """One message to a person: what was asked, how far it got, and of what a webhook notified."""

    number: int
    zaap_id: str
    message_id: str
    kind: str
    content: dict[str, Any]
    person: Registration
    at: float
    status: str = QUEUED
    notified: str = QUEUED
    received: int = 0
    error: str | None = None
    deleted: bool = False

    @property
    def phone(self) -> str:
        """As WhatsApp has it, or as it was asked for where WhatsApp has nobody."""
        return self.person.name or str(self.content["phone"])

    @property
    def text(self) -> str:
        return next((str(self.content[name]) for name in TEXTS if self.content.get(name)), "")

    def delay(self, name: str) -> float | None:
        """The seconds of `delayTyping` or `delayMessage`, if it was sent with them."""
        given = str(self.content.get(name) or "")
        return min(int(given), MOST_DELAY_SECONDS) if given.isdecimal() else None

    def advance(self, status: str) -> None:
        self.status = max(self.status, status, key=STATUSES.index)

    def arrive(self) -> None:
        self.received += 1
        self.advance(RECEIVED)

    def mark_notified(self, status: str) -> None:
        """A webhook that reported this status was answered with 2xx."""
        self.notified = max(self.notified, status, key=STATUSES.index)

    def as_json(self) -> dict[str, Any]:
        ids = {"zaapId": self.zaap_id, "messageId": self.message_id, "kind": self.kind, "at": self.at}
        return {**ids, **self.content}

    def truth(self) -> dict[str, Any]:
        return {
            "zaap_id": self.zaap_id,
            "phone": self.phone,
            "lid": self.person.lid,
            "text": self.text,
            "kind": self.kind,
            "received": self.received,
            "status": self.status,
            "notified": self.notified,
            "error": self.error,
            "deleted": self.deleted,
        }


class Outbox:
    """Messages in the order they came; `waiting` by the id they have in the queue."""

    def __init__(self) -> None:
        self.all: OrderedDict[str, OutboxMessage] = OrderedDict()
        self.waiting: OrderedDict[str, OutboxMessage] = OrderedDict()
        self._last = 0

    @property
    def full(self) -> bool:
        return len(self.waiting) >= MOST_WAITING

    def take(self, kind: str, content: dict[str, Any], person: Registration) -> OutboxMessage:
        self._last += 1
        zaap_id, message_id = uuid.uuid4().hex.upper(), f"3EB0{uuid.uuid4().hex[:18].upper()}"
        message = OutboxMessage(self._last, zaap_id, message_id, kind, content, person, time.time())
        self.all[message_id] = self.waiting[zaap_id] = message
        if len(self.all) > MOST_KEPT:
            self.all.popitem(last=False)
        return message

    @property
    def next(self) -> OutboxMessage | None:
        return next(iter(self.waiting.values()), None)

    def remove(self, zaap_id: str) -> None:
        if message := self.waiting.pop(zaap_id, None):
            message.advance(REMOVED)

    def after(self, number: int) -> Iterator[OutboxMessage]:
        return (message for message in self.waiting.values() if message.number > number)

    def sent_by_phone(self) -> dict[str, list[dict[str, Any]]]:
        messages: dict[str, list[dict[str, Any]]] = {}
        for message in self.all.values():
            if message.status not in (QUEUED, REMOVED):
                messages.setdefault(message.phone, []).append(message.as_json())
        return messages

    def truth(self) -> dict[str, Any]:
        """Every message by its id, and how often a person received a text."""
        people: dict[str, dict[str, int]] = {}
        for message in self.all.values():
            if message.received:
                texts = people.setdefault(message.phone, {})
                texts[message.text] = texts.get(message.text, 0) + message.received
        return {"messages": {key: message.truth() for key, message in self.all.items()}, "people": people}
