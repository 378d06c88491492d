"""The audit log: who did what, by console or API."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from carinho.access.models import AuditEntry


@dataclass(frozen=True)
class Audited:
    """An audited action; `label` is what an operator reads after a name: "ana reenviou".

    Declared beside the code that does it; `name` is what is stored.
    """

    name: str
    label: Any
    registry: ClassVar[dict[str, "Audited"]] = {}

    def __post_init__(self) -> None:
        if self.name in Audited.registry:
            raise ValueError(f"The action {self.name} is declared twice.")
        Audited.registry[self.name] = self

    def record(self, actor: str, target: object, detail: dict[str, Any] | None = None) -> None:
        """Add one entry, in the caller's transaction."""
        self.record_all(actor, [(target, detail or {})])

    def record_all(self, actor: str, entries: Iterable[tuple[object, dict[str, Any]]]) -> None:
        """Add one entry for each target and its detail, in one statement."""
        AuditEntry.objects.bulk_create(
            AuditEntry(actor=actor, action=self.name, target=str(target), detail=detail)
            for target, detail in entries
        )


REVEALED = Audited("person.revealed", _("viu os dados da pessoa"))
