"""When what could not be sent to an operator is sent again: mails, and the other ways to the shift."""

from datetime import datetime, timedelta

from django.utils import timezone

WAITS = (0, 1, 4, 25, 90, 240)  # minutes after each failed attempt: a mail server may be away for hours
LEASE = timedelta(minutes=5)  # an attempt that ends at all has ended by then


def due_after(failed: int) -> datetime | None:
    """When to try again after one more failure than these, made before; None if no attempt is left."""
    return timezone.now() + timedelta(minutes=WAITS[failed]) if failed < len(WAITS) else None


def reason_of(error: Exception) -> str:
    return str(error).replace("\x00", "")[:500]  # PostgreSQL keeps no NUL
