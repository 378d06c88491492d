"""One sample of each event type, as its system sends it, about invented people."""

import json
import uuid
from pathlib import Path
from typing import Any

from django.utils import timezone

FOLDER = Path(__file__).parent.parent / "fixtures" / "payloads"


def load(type: str) -> dict[str, Any]:
    """The envelope. Raises `FileNotFoundError` for a type without a sample."""
    return json.loads((FOLDER / f"{type}.json").read_text(encoding="utf-8"))


def with_fresh_id(sample: dict[str, Any]) -> dict[str, Any]:
    """The same envelope as another event that happens now: known by no id that came before."""
    rest = {name: value for name, value in sample.items() if name != "idempotency_key"}
    return rest | {"id": f"sample-{uuid.uuid4()}", "occurred_at": timezone.now().isoformat()}
