"""What the hub is like now, each thing measured once, for all that a page or an answer says of it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.database import alone
from events import dead_letter_counts, rejecting_systems
from events.models import CircuitBreaker
from events.queues import Queue, queue_by_system
from events.rejecting_systems import Rejection
from monitoring import heartbeats, metrics, periods, rounds
from monitoring.periods import Period
from sync import status as syncs
from whatsapp.connection import CONNECTED, SILENT, UNKNOWN

logger = logging.getLogger(__name__)


# what waits longer behind what an outage left waits because of that outage, as `oldest_delivery` would say
CAUGHT_UP = timedelta(minutes=1)


class Backlog(NamedTuple):
    """What an outage left waiting, by the rule that has told of the outage.

    For how many seconds the system has been back, and how many are due.
    """

    rule: str
    seconds: float
    waiting: int


class Unmeasured(Exception):
    """This part of the hub could not be measured, so nothing can be said about it."""


# `now`, `letter_counts` of whoever asks first, and the parts before this one; None for one without a measure
Known = Mapping[str, Any]


class SnapshotPart(NamedTuple):
    """One thing that is measured of the hub."""

    title: Any
    measure: Callable[[Known], Any]


def part(title: Any, measure: Callable[[Known], Any]) -> dict[str, SnapshotPart]:
    """What makes a field of the snapshot a part of it. Its default stands for what was not measured."""
    return {"part": SnapshotPart(title, measure)}


@dataclass(frozen=True)
class HubSnapshot:
    """The hub at `now`: each part is declared here, and nowhere else, and measured in this order.

    A part in `unmeasured` is empty here. Whoever judges reads `strict`, which raises `Unmeasured` for it:
    what was not measured is no good news.
    """

    now: datetime
    breakers: list[CircuitBreaker] = field(
        default_factory=list, metadata=part(_("sistemas"), lambda _known: metrics.breakers())
    )
    queues: dict[str, Queue] = field(
        default_factory=dict, metadata=part(_("filas dos sistemas"), lambda _known: queue_by_system())
    )
    dead_letters: dict[str, Any] = field(
        default_factory=lambda: {"total": 0, "today": 0, "by_cause": {}, "by_kind": {}},
        metadata=part(
            _("itens que precisam de você"),
            lambda known: metrics.dead_letters(
                known["letter_counts"](), periods.of_days(timezone.localdate(known["now"]))
            ),
        ),
    )
    pending: int = field(default=0, metadata=part(_("eventos aguardando"), lambda _known: metrics.pending()))
    retry_queue: dict[str, Any] = field(
        default_factory=lambda: {
            "total": 0,
            "ready": 0,
            "oldest": None,
            "by_service": {},
            "ready_by_service": {},
        },
        metadata=part(_("entregas tentando de novo"), lambda _known: metrics.retry_queue()),
    )
    held_too_long: dict[str, int] = field(
        default_factory=dict,
        metadata=part(
            _("itens que esperaram demais por um sistema"),
            lambda known: metrics.held_too_long(known["letter_counts"]()),
        ),
    )
    largest_kinds: list[metrics.DeadLetterKind] = field(
        default_factory=list,
        metadata=part(_("falhas com mais itens"), lambda known: metrics.largest_kinds(known["dead_letters"])),
    )
    rejected_requests: int = field(
        default=0, metadata=part(_("recusados"), lambda _known: metrics.rejected_requests())
    )
    owed_calls: int = field(
        default=0, metadata=part(_("ligações a fazer"), lambda _known: metrics.owed_calls())
    )
    held: dict[str, Any] = field(
        default_factory=lambda: {"total": 0, "by_service": {}},
        metadata=part(_("entregas retidas"), lambda known: metrics.held(known["breakers"], known["queues"])),
    )
    failures: tuple[int, int] = field(
        default=(0, 0),
        metadata=part(
            _("taxa de erro"), lambda known: metrics.failures(periods.last_hours(known["now"], 24))
        ),
    )
    failing: list[str] = field(
        default_factory=list,
        metadata=part(_("sistemas com mais falhas"), lambda known: metrics.failing(known["letter_counts"]())),
    )
    rejecting: dict[str, Rejection] = field(
        default_factory=dict,
        metadata=part(_("sistemas que recusam tudo"), lambda known: rejecting_systems.current(known["now"])),
    )
    left_by_rejections: list[Rejection] = field(
        default_factory=list,
        metadata=part(
            _("itens que esperam reenvio"),
            lambda known: metrics.left_by_rejections(known["letter_counts"]()),
        ),
    )
    sync: dict[str, dict[str, Any]] = field(
        default_factory=dict, metadata=part(_("sincronizações"), lambda known: syncs.overview(known["now"]))
    )
    whatsapp: metrics.WhatsAppState = field(
        default_factory=lambda: metrics.WhatsAppState(None, UNKNOWN),
        metadata=part(_("WhatsApp"), lambda known: metrics.whatsapp(known["now"])),
    )
    staleness: dict[str, float | None] = field(
        default_factory=dict,
        metadata=part(_("sinais de vida"), lambda known: heartbeats.staleness(known["now"])),
    )
    oldest_transaction: float = field(
        default=0.0,
        metadata=part(_("operações do banco de dados"), lambda _known: metrics.oldest_transaction()),
    )
    missed_round: rounds.Due | None = field(
        default=None, metadata=part(_("rondas"), lambda known: rounds.missed(known["now"]))
    )
    failed_notifications: dict[str, int] = field(
        default_factory=dict,
        metadata=part(_("avisos ao plantão"), lambda _known: metrics.failed_notifications()),
    )
    failed_webhooks: dict[str, int] = field(
        default_factory=dict, metadata=part(_("webhooks a outros"), lambda _known: metrics.failed_webhooks())
    )
    late_events: dict[str, int] = field(
        default_factory=dict,
        metadata=part(_("eventos atrasados"), lambda known: metrics.late_events(known["now"])),
    )
    overdue_erasures: int = field(
        default=0,
        metadata=part(_("pedidos de apagamento"), lambda known: metrics.overdue_erasures(known["now"])),
    )
    reported: metrics.Reported = field(
        default_factory=metrics.Reported,
        metadata=part(
            _("avisos de Documentos e de Cuidadores"), lambda known: metrics.reported(known["now"])
        ),
    )
    outages_seen: dict[tuple[str, str], datetime] = field(
        default_factory=dict,
        metadata=part(_("alertas de quedas"), lambda _known: metrics.outages_seen()),
    )
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

    @property
    def reconnected_at(self) -> datetime | None:
        """When WhatsApp got its session back; None while it has none."""
        return self.whatsapp.since if self.whatsapp.status in (CONNECTED, SILENT) else None

    def draining(self, service: str) -> Backlog | None:
        """What was due before the system came back is still waiting, or what came behind it and waits long.

        So is what WhatsApp held before the quiet hours ended, and goes at its own pace afterwards.
        """
        queue, ends = self.queues.get(service), self._ends(service)
        if not (queue and queue.oldest and ends):
            return None
        rule, back_at = max(ends, key=lambda end: end[1])
        seen_at = self.outages_seen.get((rule, service), back_at)
        is_behind = queue.oldest < min(seen_at, self.now - CAUGHT_UP)
        is_paced = service == "whatsapp" and self.whatsapp.is_paced
        if not (queue.oldest < back_at or is_behind or is_paced):
            return None
        return Backlog(rule, max((self.now - back_at).total_seconds(), 0), queue.due)

    def _ends(self, service: str) -> list[tuple[str, datetime]]:
        """When its last outages ended, each with the rule that tells of such."""
        closed = [row.closed_at for row in self.breakers if row.service == service and row.closed_at]
        ends = [("circuit_breaker", moment) for moment in closed]
        if service == "whatsapp" and self.reconnected_at:
            ends.append(("whatsapp_disconnected", self.reconnected_at))
        return ends

    @property
    def left_by_outages(self) -> dict[str, int]:
        """`held_too_long` of the systems that are still away, or catch up."""
        away = {row.service for row in self.breakers if row.holds}
        return {
            service: amount
            for service, amount in self.held_too_long.items()
            if service in away or self.draining(service)
        }


class StrictSnapshot:
    """A snapshot whose unmeasured parts raise `Unmeasured`."""

    def __init__(self, hub: HubSnapshot) -> None:
        self._hub = hub

    def __getattr__(self, name: str) -> Any:
        if name in self._hub.unmeasured:
            raise Unmeasured(name)
        derived = getattr(HubSnapshot, name, None)  # what follows from the parts reads strictly too
        if isinstance(derived, property) and derived.fget:
            return derived.fget(self)
        if callable(derived):
            return partial(derived, self)
        return getattr(self._hub, name)


class Measuring:
    """Measures part by part; one that fails is named in `unmeasured` and leaves the others alone."""

    def __init__(self) -> None:
        self.unmeasured: dict[str, Any] = {}

    def part(self, name: Any, measure: Callable[[], Any], otherwise: Any) -> Any:
        """What `measure` returns, or `otherwise`. Raises only when the database is away."""
        try:
            with alone():
                return measure()
        except Exception as error:
            if not connection.is_usable():
                raise
            logger.exception(
                "Part could not be measured", extra={"part": str(name), "error": type(error).__name__}
            )
            known = parts()
            self.unmeasured[str(name)] = known[name].title if name in known else name
            return otherwise


def parts() -> dict[str, SnapshotPart]:
    """Of a snapshot, by name."""
    return {row.name: row.metadata["part"] for row in fields(HubSnapshot) if "part" in row.metadata}


def take_snapshot(now: datetime | None = None) -> HubSnapshot:
    """Measure everything: a dozen statements that each read few rows."""
    measuring = Measuring()
    now = now or timezone.now()
    known: dict[str, Any] = {"now": now, "letter_counts": cache(dead_letter_counts.now)}
    for name, each in parts().items():
        known[name] = measuring.part(name, partial(each.measure, known), None)
    measured = {name: known[name] for name in parts() if name not in measuring.unmeasured}
    return HubSnapshot(now, **measured, unmeasured=measuring.unmeasured)
