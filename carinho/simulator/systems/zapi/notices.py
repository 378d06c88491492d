"""What WhatsApp says of itself in a chat: calls, removals, groups. None of it is a message."""

from collections.abc import Callable
from typing import Any

from carinho.simulator.systems.zapi.inbound import Inbound

CALL_ID = "F44E0E2011E7C784BB9A4AC11749C436"


def _notice(name: str, *parameters: str, **more: Any) -> dict[str, Any]:
    return {"notification": name, "notificationParameters": list(parameters), **more}


NOTICES: dict[str, Callable[[Inbound], dict[str, Any]]] = {
    "call": lambda _: _notice("CALL_VOICE", callId=CALL_ID),
    "missed_call": lambda _: _notice("CALL_MISSED_VOICE", callId=CALL_ID),
    "revoke": lambda it: _notice("REVOKE", referenceMessageId=it.about, callId=None),
    "encrypted": lambda _: _notice("E2E_ENCRYPTED", callId=None),
    "group_join": lambda it: _notice("GROUP_PARTICIPANT_ADD", it.phone or "", callId=None),
    "payment_declined": lambda it: _notice(
        "PAYMENT_ACTION_REQUEST_DECLINED", it.phone or "", "BRL", "1000", status="MESSAGE_RECEIVED"
    ),
    "profile_name": lambda it: _notice("PROFILE_NAME_UPDATED", it.name, messageId=None),
    "profile_picture": lambda _: _notice("PROFILE_PICTURE_UPDATED", messageId=None),
}
