"""How an alert rule is declared: a function that reads values, and the limits they are held against."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _

from monitoring.labels import number, seconds
from monitoring.models import Severity

RULES_PACKAGE = "monitoring.rules"


@dataclass(frozen=True)
class Reading:
    """One value, as a sentence with the page where its rows are.

    `severity` is set where limits alone cannot tell; `parts` says how much of the value each system makes.
    """

    value: float
    message: str
    url: str
    subject: str = ""
    shown: str = ""
    severity: str | None = None
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """A reading over its limit."""

    rule: "Rule"
    reading: Reading
    severity: str
    limit: float | None

    @property
    def says(self) -> str:
        """The limit that it is over, in words."""
        return self.rule.says(self.severity)

    @property
    def key(self) -> tuple[str, str]:
        return self.rule.name, self.reading.subject


@dataclass(frozen=True)
class Rule:
    """What is watched. A symptom of another rule's finding opens no alert of its own."""

    name: str
    title: Any
    unit: Any
    read: Callable[[Any], Iterable[Reading]]
    warning: float | None
    critical: float | None
    at_least: bool = False
    symptom_of: tuple[str, ...] = ()
    in_verdict: bool = True

    registry: ClassVar[dict[str, "Rule"]] = {}

    def limit(self, severity: str) -> float | None:
        """The limit in force: the setting ALERT_<RULE>_<SEVERITY>, or the rule's own; None for never."""
        own = self.warning if severity == Severity.WARNING else self.critical
        return settings.ALERT_LIMITS.get(self.setting(severity), own)

    def setting(self, severity: str) -> str:
        return f"ALERT_{self.name}_{severity}".upper()

    def says(self, severity: str) -> str:
        """The limit in words: "> 1 min", "≥ 10 itens"; "na hora" for any time at all, a dash for never."""
        limit = self.limit(severity)
        if limit is None:
            return "—"
        if limit == 0 and self.unit == "s":
            return _("na hora")
        amount = seconds(limit) if self.unit == "s" else f"{number(limit)} {self.unit}"
        return f"{'≥' if self.at_least else '>'} {amount}".rstrip()

    def judge(self, reading: Reading) -> Finding | None:
        for severity in (Severity.CRITICAL, Severity.WARNING):
            if reading.severity == severity or (
                not reading.severity and self._is_over(reading.value, severity)
            ):
                return Finding(self, reading, severity, self.limit(severity))
        return None

    def _is_over(self, value: float, severity: str) -> bool:
        limit = self.limit(severity)
        if limit is None:
            return False
        return value >= limit if self.at_least else value > limit


def rule(
    title: Any,
    *,
    unit: Any = "",
    warning: float | None = None,
    critical: float | None = None,
    at_least: bool = False,
    symptom_of: tuple[str, ...] = (),
    in_verdict: bool = True,
) -> Callable[[Callable[[Any], Iterable[Reading]]], Rule]:
    """Declare the decorated function as a rule of its own name."""

    def declare(read: Callable[[Any], Iterable[Reading]]) -> Rule:
        made = Rule(read.__name__, title, unit, read, warning, critical, at_least, symptom_of, in_verdict)
        if made.name in Rule.registry:
            raise ValueError(f"Rule {made.name} is declared twice.")
        Rule.registry[made.name] = made
        return made

    return declare


def discover() -> None:
    """Import every file of the rules' folder: declaring a rule is all it takes to add one."""
    package = importlib.import_module(RULES_PACKAGE)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{RULES_PACKAGE}.{module.name}")


def all_rules() -> list[Rule]:
    return list(Rule.registry.values())
