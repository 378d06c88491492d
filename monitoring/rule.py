"""How an alert rule is declared: a function that observes the hub, and the limits of what it observes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _

from monitoring.labels import number, seconds
from monitoring.models import Severity


@dataclass(frozen=True)
class Observation:
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
class Violation:
    """An observation over a limit of its rule."""

    rule: "Rule"
    observation: Observation
    severity: str
    limit: float | None

    @property
    def limit_label(self) -> str:
        return self.rule.limit_label(self.severity)

    @property
    def key(self) -> tuple[str, str]:
        return self.rule.name, self.observation.subject


@dataclass(frozen=True)
class Rule:
    """What is watched. A symptom of another rule's violation opens no alert of its own."""

    name: str
    title: Any
    unit: Any
    observe: Callable[[Any], Iterable[Observation]]
    warning: float | None
    critical: float | None
    at_least: bool = False
    symptom_of: tuple[str, ...] = ()
    in_health: bool = True

    registry: ClassVar[dict[str, "Rule"]] = {}

    def violations(self, hub: Any) -> Iterator[Violation]:
        for observation in self.observe(hub):
            if violation := self.judge(observation):
                yield violation

    def judge(self, observation: Observation) -> Violation | None:
        for severity in (Severity.CRITICAL, Severity.WARNING):
            if observation.severity:
                is_over = observation.severity == severity
            else:
                is_over = self._is_over(observation.value, severity)
            if is_over:
                return Violation(self, observation, severity, self.limit(severity))
        return None

    def _is_over(self, value: float, severity: str) -> bool:
        limit = self.limit(severity)
        if limit is None:
            return False
        return value >= limit if self.at_least else value > limit

    def limit(self, severity: str) -> float | None:
        """The limit in force: the setting ALERT_<RULE>_<SEVERITY>, or the rule's own; None for never."""
        own = self.warning if severity == Severity.WARNING else self.critical
        return settings.ALERT_LIMITS.get(self.setting(severity), own)

    def setting(self, severity: str) -> str:
        return f"ALERT_{self.name}_{severity}".upper()

    def limit_label(self, severity: str) -> str:
        """The limit in words: "> 1 min", "≥ 10 itens"; "na hora" for any time at all, a dash for never."""
        limit = self.limit(severity)
        if limit is None:
            return "—"
        if limit == 0 and self.unit == "s":
            return _("na hora")
        amount = seconds(limit) if self.unit == "s" else f"{number(limit)} {self.unit}"
        return f"{'≥' if self.at_least else '>'} {amount}".rstrip()


def rule(
    title: Any,
    *,
    unit: Any = "",
    warning: float | None = None,
    critical: float | None = None,
    at_least: bool = False,
    symptom_of: tuple[str, ...] = (),
    in_health: bool = True,
) -> Callable[[Callable[[Any], Iterable[Observation]]], Rule]:
    """Declare the decorated function as a rule of its own name."""

    def declare(observe: Callable[[Any], Iterable[Observation]]) -> Rule:
        name = observe.__name__
        if name in Rule.registry:
            raise ValueError(f"Rule {name} is declared twice.")
        Rule.registry[name] = Rule(
            name, title, unit, observe, warning, critical, at_least, symptom_of, in_health
        )
        return Rule.registry[name]

    return declare


def all_rules() -> list[Rule]:
    return list(Rule.registry.values())
