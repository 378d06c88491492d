"""How the hub is: everything measured once, every rule evaluated, and the status that follows."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models import CircuitBreaker
from monitoring import heartbeats, metrics, periods, rounds
from monitoring.models import Severity
from monitoring.periods import Period
from monitoring.rule import Rule, Violation, all_rules
from sync import status as syncs
from whatsapp.connection import UNKNOWN

logger = logging.getLogger(__name__)

HEALTHY, DEGRADED, CRITICAL = "healthy", "degraded", "critical"
LABELS = {
    HEALTHY: _("Tudo funcionando"),
    DEGRADED: _("Atenção"),
    CRITICAL: _("Crítico"),
}
PARTS = {
    "pending": _("eventos aguardando"),
    "retry_queue": _("entregas tentando de novo"),
    "dead_letters": _("itens que precisam de você"),
    "held": _("entregas retidas"),
    "queues": _("filas dos sistemas"),
    "failures": _("taxa de erro"),
    "breakers": _("sistemas"),
    "sync": _("sincronizações"),
    "whatsapp": _("WhatsApp"),
    "staleness": _("sinais de vida"),
    "oldest_transaction": _("transações do banco de dados"),
    "missed_round": _("rondas"),
    "failed_notifications": _("avisos ao plantão"),
    "late_events": _("eventos atrasados"),
}


class Unmeasured(Exception):
    """This part of the hub could not be measured, so nothing can be said about it."""


@dataclass(frozen=True)
class HubSnapshot:
    """The hub at `now`: every field of `PARTS` is what the function of its name measured.

    A part in `unmeasured` is empty here. Whoever judges reads `strict`, which raises `Unmeasured` for it:
    what was not measured is no good news.
    """

    now: datetime
    pending: int
    retry_queue: dict[str, Any]
    dead_letters: dict[str, Any]
    held: dict[str, Any]
    queues: dict[str, metrics.Queue]
    failures: tuple[int, int]
    breakers: list[CircuitBreaker]
    sync: dict[str, dict[str, Any]]
    whatsapp: metrics.WhatsAppState
    staleness: dict[str, float | None]
    oldest_transaction: float
    missed_round: rounds.Due | None
    failed_notifications: dict[str, int]
    late_events: dict[str, int]
    unmeasured: Mapping[str, Any] = field(default_factory=dict)  # parts and rules, with their titles

    @property
    def day(self) -> date:
        return timezone.localdate(self.now)

    @property
    def today(self) -> Period:
        return periods.of_days(self.day)

    @property
    def last_day(self) -> Period:
        """The 24 hours over which failures are counted."""
        return periods.last_hours(self.now, 24)

    @property
    def strict(self) -> Any:
        return StrictSnapshot(self)


class StrictSnapshot:
    """A snapshot whose unmeasured parts raise `Unmeasured`."""

    def __init__(self, hub: HubSnapshot) -> None:
        self._hub = hub

    def __getattr__(self, name: str) -> Any:
        if name in self._hub.unmeasured:
            raise Unmeasured(name)
        return getattr(self._hub, name)


class Measuring:
    """Measures part by part; one that fails is named in `unmeasured` and leaves the others alone."""

    def __init__(self) -> None:
        self.unmeasured: dict[str, Any] = {}

    def part(self, name: Any, measure: Callable[[], Any], otherwise: Any) -> Any:
        """What `measure` returns, or `otherwise`. Raises only when the database is away."""
        try:
            with transaction.atomic():  # what the database refuses here must not spoil the next statement
                return measure()
        except Exception as error:
            if not connection.is_usable():
                raise
            logger.exception(
                "Part could not be measured", extra={"part": str(name), "error": type(error).__name__}
            )
            self.unmeasured[str(name)] = PARTS.get(name, name)
            return otherwise


def take_snapshot(now: datetime | None = None) -> HubSnapshot:
    """Measure everything: a dozen statements that each read few rows."""
    now = now or timezone.now()
    today, measuring = periods.of_days(timezone.localdate(now)), Measuring()
    part = measuring.part
    breakers, queues = part("breakers", metrics.breakers, None), part("queues", metrics.queues, None)
    return HubSnapshot(
        now=now,
        pending=part("pending", metrics.pending, 0),
        retry_queue=part(
            "retry_queue", metrics.retry_queue, {"total": 0, "ready": 0, "oldest": None, "by_service": {}}
        ),
        dead_letters=part(
            "dead_letters", lambda: metrics.dead_letters(today), {"total": 0, "today": 0, "by_cause": {}}
        ),
        held=part("held", lambda: metrics.held(breakers, queues), {"total": 0, "by_service": {}}),
        queues=queues or {},
        failures=part("failures", lambda: metrics.failures(periods.last_hours(now, 24)), (0, 0)),
        breakers=breakers or [],
        sync=part("sync", lambda: syncs.overview(now), {}),
        whatsapp=part("whatsapp", lambda: metrics.whatsapp(now), metrics.WhatsAppState(None, UNKNOWN)),
        staleness=part("staleness", lambda: heartbeats.staleness(now), {}),
        oldest_transaction=part("oldest_transaction", metrics.oldest_transaction, 0.0),
        missed_round=part("missed_round", lambda: rounds.missed(now), None),
        failed_notifications=part("failed_notifications", metrics.failed_notifications, {}),
        late_events=part("late_events", lambda: metrics.late_events(now), {}),
        unmeasured=measuring.unmeasured,
    )


@dataclass(frozen=True)
class HubHealth:
    """What all rules say: the worst first, and causes before what they cause."""

    violations: list[Violation] = field(default_factory=list)
    unread: frozenset[str] = frozenset()  # rules of which nothing is known, so their alerts stay as they are

    @property
    def reasons(self) -> list[Violation]:
        return [violation for violation in self.violations if violation.rule.in_health]

    @property
    def status(self) -> str:
        severities = {violation.severity for violation in self.reasons}
        if Severity.CRITICAL in severities:
            return CRITICAL
        return DEGRADED if severities else HEALTHY


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
    return HubHealth(violations, frozenset(unread | broken.keys()))
