"""What Z-API was given to send: waiting in its queue, or gone to WhatsApp."""

import time
import uuid
from collections import deque
from typing import Any

MOST_WAITING = 1_000  # documented by Z-API
MOST_KEPT = 100_000  # older messages are forgotten, so that a long demo stays small

Message = dict[str, Any]


class Outbox:
    """Messages in the order they came; `waiting` by the id they have in the queue."""

    def __init__(self) -> None:
        self.sent: deque[Message] = deque(maxlen=MOST_KEPT)
        self.waiting: dict[str, Message] = {}

    @property
    def full(self) -> bool:
        return len(self.waiting) >= MOST_WAITING

    def take(self, kind: str, content: dict[str, Any], *, at_once: bool) -> Message:
        message = {
            "zaapId": uuid.uuid4().hex.upper(),
            "messageId": f"3EB0{uuid.uuid4().hex[:18].upper()}",
            "kind": kind,
            "at": time.time(),
            **content,
        }
        if at_once:
            self.sent.append(message)
        else:
            self.waiting[message["zaapId"]] = message
        return message

    def release(self) -> None:
        self.sent.extend(self.waiting.values())
        self.waiting.clear()

    def sent_by_phone(self) -> dict[str, list[Message]]:
        messages: dict[str, list[Message]] = {}
        for message in self.sent:
            messages.setdefault(message["phone"], []).append(message)
        return messages
