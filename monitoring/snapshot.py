"""All that the rules look at, measured once and at one moment."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from events.models import CircuitBreaker
from monitoring import days, metrics, rounds, syncs, whatsapp


@dataclass(frozen=True)
class Snapshot:
    """The hub at `now`. Every field is what the function of the same name in `metrics` says."""

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

    @property
    def today(self) -> days.Span:
        return days.of(self.day)

    @property
    def last_day(self) -> days.Span:
        """The 24 hours over which failures are counted: whole ones, with the one that runs."""
        return days.last_hours(self.now, 24)

    @property
    def day(self) -> date:
        return timezone.localdate(self.now)


def take(now: datetime | None = None) -> Snapshot:
    """Measure everything; a dozen statements that each touch few rows."""
    now = now or timezone.now()
    today = days.of(timezone.localdate(now))
    breakers, queues = metrics.breakers(), metrics.queues()
    return Snapshot(
        now=now,
        pending=metrics.pending(),
        retry_queue=metrics.retry_queue(),
        dead_letters=metrics.dead_letters(today),
        held=metrics.held(breakers, queues),
        queues=queues,
        failures=metrics.failures(days.last_hours(now, 24)),
        breakers=breakers,
        sync=syncs.overview(now),
        whatsapp=whatsapp.channel(now),
        silence=metrics.silence(now),
        oldest_transaction=metrics.oldest_transaction(),
        missed_round=rounds.missed(now),
        failed_notifications=metrics.failed_notifications(),
    )
