"""What each kind of callback means."""

from collections.abc import Callable
from typing import Any

from whatsapp import connection
from whatsapp.callbacks import receipts, received
from whatsapp.callbacks.inbox import Ignored
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
    "ReceivedCallback": received.receive,
    "DeliveryCallback": receipts.handed_over,
    "MessageStatusCallback": receipts.moved,
    "ConnectedCallback": connection.came_back,
    "DisconnectedCallback": connection.was_lost,
    "PresenceChatCallback": _presence,
}
