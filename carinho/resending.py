"""Who sends what waits, and when what could not be sent is sent again: mails, notifications and webhooks."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

WAITS = (0, 1, 4, 25, 90, 240)  # minutes after each failed attempt: a mail server may be away for hours
LEASE = timedelta(minutes=5)  # an attempt that ends at all has ended by then


def claim(queued: QuerySet[Any], row: Any) -> bool:
    """Take the next attempt at a row that was read as due; False where another process took it.

    Nobody else makes one before the lease is over, should this process die in it.
    """
    mine = queued.filter(pk=row.pk, due_at=row.due_at)
    return bool(mine.update(due_at=timezone.now() + LEASE, attempts=F("attempts") + 1))


def due_after(failed: int) -> datetime | None:
    """When to try again after one more failure than these, made before; None if no attempt is left."""
    return timezone.now() + timedelta(minutes=WAITS[failed]) if failed < len(WAITS) else None


def reason_of(error: Exception) -> str:
    return str(error).replace("\x00", "")[:500]  # PostgreSQL keeps no NUL
