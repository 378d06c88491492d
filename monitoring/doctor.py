"""What is wrong with an installation, in sentences; an examination is a file in `monitoring/examinations`."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from carinho.finding import Finding

logger = logging.getLogger(__name__)

Examine = Callable[[], Iterable[Finding]]
FIRST = "database"


@dataclass(frozen=True)
class Examination:
    """One part of an installation, and what is looked at in it."""

    name: str
    title: Any
    examine: Examine
    needs_database: bool

    registry: ClassVar[dict[str, "Examination"]] = {}

    def findings(self) -> list[Finding]:
        """Never raises: what breaks an examination is something to be told of, too."""
        try:
            return list(self.examine())
        except Exception as error:
            logger.exception("Examination broke", extra={"examination": self.name})
            return [Finding(False, _("Não foi possível verificar: %s.") % f"{type(error).__name__}: {error}")]


def examination(title: Any, *, needs_database: bool = False) -> Callable[[Examine], Examine]:
    """Declare the decorated function as an examination of its own name."""

    def declare(examine: Examine) -> Examine:
        name = examine.__name__
        if name in Examination.registry:
            raise ValueError(f"Examination {name} is declared twice.")
        Examination.registry[name] = Examination(name, title, examine, needs_database)
        return examine

    return declare


def examine() -> Iterator[tuple[Examination, list[Finding]]]:
    """Every examination with what it found, the database first; without one, those that need none."""
    first = Examination.registry[FIRST]
    found = first.findings()
    yield first, found
    has_database = all(finding.is_good for finding in found)
    for each in Examination.registry.values():
        if each is not first and (has_database or not each.needs_database):
            yield each, each.findings()
