"""Calling the hub back, as Z-API does."""

import json
from pathlib import Path
from typing import Any

from django.test import Client

from whatsapp.callbacks import processing
from whatsapp.models import Callback

SECRET = "segredo-de-teste"
FOLDER = Path(__file__).parent / "callbacks"
OURS = "3EB0AAAAAAAAAAAAAAAAAA"  # the message of ours that the samples speak of


def sample(name: str, **changes: Any) -> dict[str, Any]:
    """A callback in its real shape, about an invented person."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) | changes


def post(body: Any, *, secret: str = SECRET, token: str | None = "simulator") -> Any:
    headers = {"z-api-token": token} if token is not None else {}
    return Client().post(
        f"/webhooks/whatsapp/{secret}", json.dumps(body), content_type="application/json", headers=headers
    )


def call(*bodies: dict[str, Any]) -> list[Callback]:
    """Post callbacks in this order, then let the inbox read them; returns their rows in that order."""
    for body in bodies:
        assert post(body).status_code == 200
    processing.process()
    return list(Callback.objects.order_by("pk"))


def later() -> None:
    """What waits for another part is read again now."""
    from django.db.models.functions import Now

    Callback.objects.filter(status="waiting").update(due_at=Now())
    processing.process()
