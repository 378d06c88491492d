"""All that the rules look at, measured once and at one moment."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models import CircuitBreaker
from monitoring import metrics, periods, rounds, syncs, whatsapp

logger = logging.getLogger(__name__)

TITLES = {
    "pending": _("eventos aguardando"),
    "retry_queue": _("entregas tentando de novo"),
    "dead_letters": _("itens que precisam de você"),
    "held": _("entregas retidas"),
    "queues": _("filas dos sistemas"),
    "failures": _("taxa de erro"),
    "breakers": _("sistemas"),
    "sync": _("sincronizações"),
    "whatsapp": _("WhatsApp"),
    "silence": _("sinais de vida"),
    "oldest_transaction": _("transações do banco de dados"),
    "missed_round": _("rondas"),
    "failed_notifications": _("avisos ao plantão"),
}


class Unmeasured(Exception):
    """This part of the hub could not be measured, so nothing can be said about it."""


@dataclass(frozen=True)
class Snapshot:
    """The hub at `now`. Every field is what the function of the same name in `metrics` says.

    A part in `unmeasured` is shown as empty. Whoever judges reads `strict`, which raises `Unmeasured` for it:
    what nobody measured is not good news.
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
    whatsapp: whatsapp.Channel
    silence: dict[str, float | None]
    oldest_transaction: float
    missed_round: rounds.Due | None
    failed_notifications: dict[str, int]
    unmeasured: Mapping[str, Any] = field(default_factory=dict)  # parts and rules, with what people call them

    @property
    def today(self) -> periods.Span:
        return periods.of(self.day)

    @property
    def last_day(self) -> periods.Span:
        """The 24 hours over which failures are counted: whole ones, with the one that runs."""
        return periods.last_hours(self.now, 24)

    @property
    def day(self) -> date:
        return timezone.localdate(self.now)

    @property
    def strict(self) -> Any:
        """This snapshot for those who judge it."""
        return Strict(self)


class Strict:
    """A snapshot whose unmeasured parts raise instead of being empty."""

    def __init__(self, hub: Snapshot) -> None:
        self._hub = hub

    def __getattr__(self, name: str) -> Any:
        if name in self._hub.unmeasured:
            raise Unmeasured(name)
        return getattr(self._hub, name)


class Measuring:
    """Measures part by part; one that breaks is named in `unmeasured` and leaves the others alone."""

    def __init__(self) -> None:
        self.unmeasured: dict[str, Any] = {}

    def part(self, name: Any, measure: Callable[[], Any], otherwise: Any) -> Any:
        """What `measure` says, or `otherwise`. Raises only when the database is away."""
        try:
            with transaction.atomic():  # what the database refuses here must not spoil the next statement
                return measure()
        except Exception as error:
            if not connection.is_usable():
                raise
            logger.exception(
                "Part could not be measured", extra={"part": str(name), "error": type(error).__name__}
            )
            self.unmeasured[str(name)] = TITLES.get(name, name)
            return otherwise


def take(now: datetime | None = None) -> Snapshot:
    """Measure everything; a dozen statements that each touch few rows."""
    now = now or timezone.now()
    today, measuring = periods.of(timezone.localdate(now)), Measuring()
    part = measuring.part
    breakers, queues = part("breakers", metrics.breakers, None), part("queues", metrics.queues, None)
    return Snapshot(
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
        whatsapp=part("whatsapp", lambda: whatsapp.channel(now), whatsapp.NOT_KNOWN),
        silence=part("silence", lambda: metrics.silence(now), {}),
        oldest_transaction=part("oldest_transaction", metrics.oldest_transaction, 0.0),
        missed_round=part("missed_round", lambda: rounds.missed(now), None),
        failed_notifications=part("failed_notifications", metrics.failed_notifications, {}),
        unmeasured=measuring.unmeasured,
    )
