"""What each kind of callback means."""

from collections.abc import Callable
from typing import Any

from whatsapp import channel, inbound, receipts
from whatsapp.inbox import Ignored
from whatsapp.models import Callback, IgnoredCause

Body = dict[str, Any]


def understand(callback: Callback) -> None:
    """Do what follows from a stored callback. Raises `Ignored` or `NotYet`."""
    KINDS.get(callback.type, _unknown)(callback)


def _unknown(callback: Callback) -> None:
    raise Ignored(IgnoredCause.UNKNOWN_KIND)


def _presence(callback: Callback) -> None:
    raise Ignored(IgnoredCause.PRESENCE)


KINDS: dict[str, Callable[[Callback], None]] = {
    "ReceivedCallback": inbound.receive,
    "DeliveryCallback": receipts.handed_over,
    "MessageStatusCallback": receipts.moved,
    "ConnectedCallback": channel.came_back,
    "DisconnectedCallback": channel.was_lost,
    "PresenceChatCallback": _presence,
}
