"""The verdict: what every rule says of one snapshot, and what follows for all pages and answers."""

import logging
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from monitoring import heartbeats, snapshot
from monitoring.models import Severity
from monitoring.rule import Rule, Violation, all_rules
from monitoring.snapshot import HubSnapshot, Unmeasured

logger = logging.getLogger(__name__)

HEALTHY, DEGRADED, CRITICAL = "healthy", "degraded", "critical"
GOOD, NEUTRAL, WATCH, BAD = "success", "info", "warning", "danger"  # how much a colour asks of the reader
TONES = {HEALTHY: GOOD, DEGRADED: WATCH, CRITICAL: BAD, Severity.WARNING: WATCH, Severity.CRITICAL: BAD}
LABELS = {
    HEALTHY: _("Tudo funcionando"),
    DEGRADED: _("Atenção"),
    CRITICAL: _("Crítico"),
}


@dataclass(frozen=True)
class Trouble:
    """One cause in one system with its symptoms: one reason, and one alert."""

    cause: Violation
    symptoms: list[Violation] = field(default_factory=list)

    @property
    def severity(self) -> str:
        severities = {row.severity for row in (self.cause, *self.symptoms)}
        return Severity.CRITICAL if Severity.CRITICAL in severities else Severity.WARNING

    @property
    def tone(self) -> str:
        return TONES[self.severity]


@dataclass(frozen=True)
class HubHealth:
    """What all rules say: the worst first, and causes before what they cause.

    `open_items`, `rejected_requests` and `owed_calls` need a person, also while they are too few for a rule
    or no rule is about them. `worker_staleness` is in seconds, None while the workers give signs of life:
    without them nothing is sent, though a rule waits longer before it calls them silent.
    """

    violations: list[Violation] = field(default_factory=list)
    unread: frozenset[str] = frozenset()  # rules of which nothing is known, so their alerts stay as they are
    worker_staleness: float | None = None
    open_items: int = 0
    rejected_requests: int = 0
    owed_calls: int = 0

    @cached_property
    def troubles(self) -> list[Trouble]:
        """The reasons, each with its symptoms, the worst first."""
        return [trouble for trouble in self._grouped if trouble.cause.rule.in_health]

    @cached_property
    def reminders(self) -> list[Trouble]:
        """What the shift is reminded of though it makes nothing less healthy."""
        return [trouble for trouble in self._grouped if not trouble.cause.rule.in_health]

    @cached_property
    def symptoms(self) -> set[tuple[str, str]]:
        """Rule and subject of what stands with its cause."""
        return {row.key for trouble in self._grouped for row in trouble.symptoms}

    @cached_property
    def _grouped(self) -> list[Trouble]:
        found: dict[tuple[str, str], Trouble] = {}
        for row in self.violations:
            root = row
            while cause := next((other for other in self.violations if other.explains(root)), None):
                root = cause
            trouble = found.setdefault(root.key, Trouble(root))
            if row is not root:
                trouble.symptoms.append(row)
        return sorted(found.values(), key=lambda trouble: trouble.severity != Severity.CRITICAL)

    @property
    def alert_counts(self) -> dict[str, int]:
        """How many alerts are open now; each reason is one, whether it has been written yet or not."""
        critical = sum(trouble.severity == Severity.CRITICAL for trouble in self.troubles)
        return {"total": len(self.troubles), "critical": critical}

    @property
    def reasons(self) -> list[Violation]:
        return [violation for violation in self.violations if violation.rule.in_health]

    @property
    def status(self) -> str:
        severities = {violation.severity for violation in self.reasons}
        if Severity.CRITICAL in severities:
            return CRITICAL
        return DEGRADED if severities else HEALTHY

    @property
    def needs_person(self) -> bool:
        return bool(self.open_items or self.rejected_requests or self.owed_calls)

    @property
    def tone(self) -> str:
        if self.status == HEALTHY and (self.needs_person or self.worker_staleness is not None):
            return NEUTRAL
        return TONES[self.status]

    @property
    def label(self) -> str:
        """The status in two words."""
        if self.worker_staleness is not None:
            return _now("Trabalhadores em silêncio")
        return (
            _now("Funcionando") if self.status == HEALTHY and self.needs_person else str(LABELS[self.status])
        )

    def worst(self, names: tuple[str, ...], system: str = "") -> str:
        """The tone of what these rules, or any about the system, found; good when they found nothing."""
        found = [
            TONES[row.severity]
            for row in self.reasons
            if row.rule.name in names or (system and system in row.observation.systems)
        ]
        return BAD if BAD in found else WATCH if found else GOOD


def evaluate(hub: HubSnapshot) -> HubHealth:
    """Evaluate every rule. One that breaks is a violation itself and stops no other."""
    violations: list[Violation] = []
    broken: dict[str, Any] = {}
    unread: set[str] = set()
    for rule in all_rules():
        try:
            violations += rule.violations(hub.strict)
        except Unmeasured:  # said once, by the part itself
            unread.add(rule.name)
        except Exception:
            logger.exception("Rule broke", extra={"rule": rule.name})
            broken[rule.name] = rule.title
    if broken:
        violations += Rule.registry["unmeasured"].violations(replace(hub, unmeasured=broken))
    violations.sort(key=lambda row: (row.severity != Severity.CRITICAL, bool(row.rule.symptom_of)))
    stale = hub.staleness.get("worker", 0.0)
    worker_staleness = stale if stale is not None and stale > heartbeats.LATE else None
    open_items = 0 if "dead_letters" in hub.unmeasured else hub.dead_letters["total"]
    return HubHealth(
        violations,
        frozenset(unread | broken.keys()),
        worker_staleness,
        open_items,
        hub.rejected_requests,
        hub.owed_calls,
    )


def of_page(request: HttpRequest) -> tuple[HubSnapshot, HubHealth]:
    """One snapshot for all that a page shows, the sidebar's numbers included."""
    if not is_taken(request):
        hub = snapshot.take_snapshot()
        request.hub_health = hub, evaluate(hub)  # type: ignore[attr-defined]
    return request.hub_health  # type: ignore[attr-defined]


def is_taken(request: HttpRequest) -> bool:
    """Whether the page has its snapshot already."""
    return hasattr(request, "hub_health")
