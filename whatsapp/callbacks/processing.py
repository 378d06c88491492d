"""What each kind of callback means."""

from collections.abc import Callable
from typing import Any

from whatsapp import connection
from whatsapp.callbacks import receipts, received
from whatsapp.callbacks.inbox import Ignored
from whatsapp.models import Callback, IgnoredCause

Body = dict[str, Any]


def process(callback: Callback) -> None:
    """Do what follows from a stored callback. Raises `Ignored` or `NotYet`."""
    KINDS.get(callback.type, _unknown)(callback)


def _unknown(callback: Callback) -> None:
    raise Ignored(IgnoredCause.UNKNOWN_KIND)


def _presence(callback: Callback) -> None:
    raise Ignored(IgnoredCause.PRESENCE)


KINDS: dict[str, Callable[[Callback], None]] = {
    "ReceivedCallback": received.receive,
    "DeliveryCallback": receipts.on_delivery,
    "MessageStatusCallback": receipts.on_status,
    "ConnectedCallback": connection.on_connected,
    "DisconnectedCallback": connection.on_disconnected,
    "PresenceChatCallback": _presence,
}
