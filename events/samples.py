"""One sample of each event type, as its system sends it, about invented people."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "fixtures" / "payloads"


def load(type: str) -> dict[str, Any]:
    """The envelope. Raises `FileNotFoundError` for a type without a sample."""
    return json.loads((FOLDER / f"{type}.json").read_text(encoding="utf-8"))
