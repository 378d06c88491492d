"""Which phone a system accepts: digits of a Brazilian number with its country."""

import re
from typing import Any

from carinho.simulator.answers import Refusal

BRAZILIAN = re.compile(r"55\d{10,11}")


def valid_phone(phone: Any) -> None:
    """Raises Refusal for what is not 12 or 13 digits that begin with 55."""
    if not isinstance(phone, str) or not BRAZILIAN.fullmatch(phone):
        message = "must be 12 or 13 digits that begin with 55"
        raise Refusal(422, "Invalid phone number", errors={"phone": [message]})


def phone_or_lid(fields: dict[str, Any]) -> None:
    """Raises Refusal unless there is a valid phone, or no phone and WhatsApp's own id of the person."""
    if fields.get("phone") or not fields.get("lid"):
        valid_phone(fields.get("phone"))
