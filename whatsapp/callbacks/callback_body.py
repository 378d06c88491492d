"""A callback's body, made into what PostgreSQL can store: as little as possible is refused.

Z-API sends nothing twice, and what it sends is a family's message: half an emoji is no reason to lose one.
"""

import json
import math
import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from events.intake.envelope import RequestRejected
from whatsapp.callbacks import inbox

NOT_STORABLE = re.compile(r"[\ud800-\udfff]")  # halves of a pair, which UTF-8 cannot say


def parse(raw: bytes) -> dict[str, Any]:
    """The decoded body. Raises `RequestRejected` for what is no JSON object."""
    try:
        text = raw.decode("utf-8-sig", errors="replace")
        body = _storable(json.loads(text, parse_constant=lambda _name: None, parse_float=_finite))
    except (ValueError, RecursionError) as error:
        raise RequestRejected("invalid_json", str(_("O corpo não é um JSON válido.")), status=400) from error
    if not isinstance(body, dict):
        raise RequestRejected("invalid_callback", str(_("O aviso deve ser um objeto JSON.")), status=400)
    return body


def accept(raw: bytes) -> None:
    """Take in a callback that was refused at first. Raises `RequestRejected` if it still cannot be read."""
    inbox.store(parse(raw))


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return NOT_STORABLE.sub("\ufffd", value.replace("\x00", ""))
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    return [_storable(part) for part in value] if isinstance(value, list) else value
