"""The times Z-API writes: usually milliseconds, sometimes seconds."""

from datetime import UTC, datetime
from typing import Any

MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138


def read(momment: Any, otherwise: datetime) -> datetime:
    """The moment of a callback; `otherwise` for what is none or lies in the future of it."""
    try:
        number = float(momment)
        moment = datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise
    return moment if moment.year >= 2020 and moment <= otherwise else otherwise
