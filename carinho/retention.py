"""How long rows of each kind are kept, declared beside what removes them; a page shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

MOST_COUNTED = 3_000  # what a day leaves; of each event it is asked whether something still needs it


@dataclass(frozen=True)
class Kept:
    """Rows of one kind. `rows` are those that were over before a moment, which is the setting's days ago."""

    setting: str
    title: Any
    counted_from: Any
    rows: Callable[[datetime], QuerySet[Any]]
    registry: ClassVar[list["Kept"]] = []

    def __post_init__(self) -> None:
        Kept.registry.append(self)

    @property
    def days(self) -> int:
        return int(getattr(settings, self.setting))

    @property
    def due(self) -> QuerySet[Any]:
        """What the next run removes."""
        return self.rows(timezone.now() - timedelta(days=self.days))

    def count_due(self) -> int:
        """At most `MOST_COUNTED`."""
        return self.due.order_by()[:MOST_COUNTED].count()

    def ids_due(self, at_most: int) -> list[Any]:
        return list(self.due.order_by("pk").values_list("pk", flat=True)[:at_most])
