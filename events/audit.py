"""The trail: who did what, by console or API."""

from typing import Any

from events.models import AuditEntry


def note(actor: str, action: str, target: object, detail: dict[str, Any] | None = None) -> None:
    """Add one row to the trail, in the caller's transaction."""
    AuditEntry.objects.create(actor=actor, action=action, target=str(target), detail=detail or {})
