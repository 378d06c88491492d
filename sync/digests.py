"""The digest by which unchanged records are recognised."""

import json
from hashlib import sha256
from typing import Any


def digest(wanted: Any) -> str:
    """The same for the same content, whatever the order of its fields."""
    text = json.dumps(wanted, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode(errors="replace")).hexdigest()
