"""Something Z-API tells those who listen."""

from dataclasses import dataclass
from typing import Any

SLOTS = {
    "ReceivedCallback": "received",
    "DeliveryCallback": "delivery",
    "MessageStatusCallback": "messageStatus",
    "ConnectedCallback": "connected",
    "DisconnectedCallback": "disconnected",
    "PresenceChatCallback": "presenceChat",
}


@dataclass(frozen=True, slots=True)
class Callback:
    """A body and, for those about our own messages, the ids and the status it tells of them."""

    body: dict[str, Any]
    ids: tuple[str, ...] = ()
    status: str = ""

    @property
    def type(self) -> str:
        return str(self.body["type"])

    @property
    def slot(self) -> str:
        """Which of the seven addresses it goes to."""
        return "receivedDelivery" if self.body.get("fromMe") else SLOTS[self.type]
