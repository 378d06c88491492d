"""How a rule is declared: a function that observes the hub, the limits of its values, and the recipe."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.urls import reverse
from django.utils.translation import gettext as _

from carinho.console.labels import number
from carinho.console.support import OPERATIONS, SupportLevel
from monitoring.labels import seconds
from monitoring.models import Severity


@dataclass(frozen=True)
class Observation:
    """One value of one subject, as a sentence with the page where its rows are.

    `past` is the sentence once it is over. `severity` is set where limits alone do not decide. `systems` are
    those it is about, none for the hub as a whole. `is_tail` is the end of a trouble, such as what an outage
    left waiting: it goes on with the alert that is open, and nobody is notified of it by itself. `since` is
    when the outage began: one that follows on such an end is another one in the same alert. `brief` is the
    message without what is only its reason's, for the headline. `over_at` is when what it tells of had ended:
    no outage that began later is its cause. `technical` is what another program said, for a tooltip.
    """

    value: float
    message: str
    url: str
    past: str = ""
    subject: str = ""
    shown: str = ""
    severity: str | None = None
    systems: tuple[str, ...] = ()
    is_tail: bool = False
    since: datetime | None = None
    brief: str = ""
    over_at: datetime | None = None
    technical: str = ""


@dataclass(frozen=True)
class Violation:
    """An observation over a limit of its rule."""

    rule: "Rule"
    observation: Observation
    severity: str
    limit: float | None

    @property
    def limit_label(self) -> str:
        """The limit in words; empty where something else than the limit decided."""
        is_over = self.rule.is_over(self.observation.value, self.severity)
        said = self.rule.limit_label(self.severity) if is_over else ""
        return "" if said == _("assim que acontece") else said

    @property
    def key(self) -> tuple[str, str]:
        return self.rule.name, self.observation.subject

    def explains(self, other: "Violation") -> bool:
        """Whether it causes the other: a rule named there, in the same system or the whole hub, in time."""
        mine, others = self.observation.systems, other.observation.systems
        since, over_at = self.observation.since, other.observation.over_at
        if since and over_at and over_at < since:
            return False
        return self.rule.name in other.rule.symptom_of and (
            not mine or not others or not set(mine).isdisjoint(others)
        )


@dataclass(frozen=True)
class Instruction:
    text: Any
    route: str = ""
    button: Any = ""
    query: str = ""

    @property
    def url(self) -> str:
        address = reverse(f"admin:{self.route}") if self.route else ""
        return f"{address}?{self.query}" if self.query else address


@dataclass(frozen=True)
class Rule:
    """What is watched, said and done. A symptom of another rule's violation opens no alert of its own.

    What is critical may end by itself: nobody is called while it is `left_alone`, and `meanwhile` says what
    becomes of it. `first_called` is called at once after that, the other levels in their time.
    """

    name: str
    title: Any
    unit: Any  # "s" for seconds, else by ngettext_lazy on "count"
    observe: Callable[[Any], Iterable[Observation]]
    warning: float | None
    critical: float | None
    at_least: bool = False
    symptom_of: tuple[str, ...] = ()
    in_health: bool = True
    steps: tuple[Instruction, ...] = ()
    warning_on: Any = ""  # what stands before the warning limit: what else warns, or what it counts
    left_alone: timedelta = timedelta()
    meanwhile: Any = ""
    first_called: SupportLevel = OPERATIONS
    continues: tuple[str, ...] = ()  # rules whose alert ends where this one begins: said once, by this one

    registry: ClassVar[dict[str, "Rule"]] = {}

    def violations(self, hub: Any) -> Iterator[Violation]:
        for observation in self.observe(hub):
            if violation := self.judge(observation):
                yield violation

    def judge(self, observation: Observation) -> Violation | None:
        severity = observation.severity or self.severity_of(observation.value)
        if severity == "none":
            return None
        return Violation(self, observation, severity, self.limit(severity))

    def is_over(self, value: float, severity: str) -> bool:
        limit = self.limit(severity)
        if limit is None:
            return False
        return value >= limit if self.at_least else value > limit

    def severity_of(self, value: float) -> str:
        """ "none" within the limits."""
        found = (
            severity for severity in (Severity.CRITICAL, Severity.WARNING) if self.is_over(value, severity)
        )
        return next(found, "none")

    def limit(self, severity: str) -> float | None:
        """The limit in force: the setting ALERT_<RULE>_<SEVERITY>, or the rule's own; None for never."""
        own = self.warning if severity == Severity.WARNING else self.critical
        return settings.ALERT_LIMITS.get(self.setting(severity), own)

    def setting(self, severity: str) -> str:
        return f"ALERT_{self.name}_{severity}".upper()

    def limit_label(self, severity: str) -> str:
        """The limit in words: "> 1 min", "≥ 10 itens"; a dash for never."""
        limit, at_least = self.limit(severity), self.at_least
        if limit is None:
            return "—"
        if self._is_at_once(limit):
            return _("assim que acontece")
        if self.unit == "s":
            return f"{'≥' if at_least else '>'} {seconds(limit)}"
        if limit == 0:  # the first is one too many
            limit, at_least = 1, True
        return f"{'≥' if at_least else '>'} {number(limit)} {self.unit % {'count': int(limit)}}".rstrip()

    def _is_at_once(self, limit: float) -> bool:
        """Whether nothing is counted or waited for."""
        return limit == 0 if self.unit == "s" else limit <= 1 and not self.unit


def rule(
    title: Any,
    *,
    unit: Any = "",
    warning: float | None = None,
    critical: float | None = None,
    at_least: bool = False,
    symptom_of: tuple[str, ...] = (),
    in_health: bool = True,
    steps: tuple[Instruction, ...] = (),
    warning_on: Any = "",
    left_alone: timedelta = timedelta(),
    meanwhile: Any = "",
    first_called: SupportLevel = OPERATIONS,
    continues: tuple[str, ...] = (),
) -> Callable[[Callable[[Any], Iterable[Observation]]], Rule]:
    """Declare the decorated function as a rule of its own name."""

    def declare(observe: Callable[[Any], Iterable[Observation]]) -> Rule:
        name = observe.__name__
        if name in Rule.registry:
            raise ValueError(f"Rule {name} is declared twice.")
        Rule.registry[name] = Rule(
            name,
            title,
            unit,
            observe,
            warning,
            critical,
            at_least,
            symptom_of,
            in_health,
            steps,
            warning_on,
            left_alone,
            meanwhile,
            first_called,
            continues,
        )
        return Rule.registry[name]

    return declare


def all_rules() -> list[Rule]:
    return list(Rule.registry.values())


# --- mistakes in limits and rules, found at start instead of by an alert that never comes -----------------


@register()
def every_limit_belongs_to_a_rule(**given: Any) -> list[CheckMessage]:
    known = {rule.setting(severity) for rule in all_rules() for severity in Severity}
    return [
        Error(_("%s não é limite de nenhuma regra; veja manage.py alerts.") % name, id="monitoring.E001")
        for name in sorted(set(settings.ALERT_LIMITS) - known)
    ]


@register()
def every_symptom_has_a_cause(**_: Any) -> list[CheckMessage]:
    names = {rule.name for rule in all_rules()}
    return [
        Error(f"{rule.name} is a symptom of {cause}, which is no rule.", id="monitoring.E002")
        for rule in all_rules()
        for cause in rule.symptom_of
        if cause not in names
    ]
