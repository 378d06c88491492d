"""Systems that hold their deliveries at the moment: how many, since when, and their last probe."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Min, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from events.engine import wakeup
from events.models import Attempt, BreakerState, CircuitBreaker, Delivery, DeliveryStatus

TRIED_NOW = Audited("breaker.try_now", _("testou o sistema"))


@dataclass(frozen=True)
class Outage:
    breaker: CircuitBreaker
    held: int
    oldest: datetime | None
    probe: Attempt | None

    @property
    def since(self) -> datetime | None:
        return self.breaker.held_since


def held() -> QuerySet[Delivery]:
    """The deliveries that are due and kept back by an open circuit, a pause, or a system that is offline."""
    return Delivery.objects.filter(status=DeliveryStatus.QUEUED, due_at__lte=Now(), service__in=holding())


def holding() -> list[str]:
    """The systems to which nothing goes at the moment."""
    return [breaker.service for breaker in _holding()]


def current() -> list[Outage]:
    """One per system that holds, also when nothing waits for it, the longest first."""
    counts: dict[str, Any] = {
        row["service"]: row
        for row in held().order_by().values("service").annotate(count=Count("pk"), oldest=Min("due_at"))
    }
    outages = [
        Outage(breaker, count.get("count", 0), count.get("oldest"), _last_probe(breaker))
        for breaker in _holding()
        for count in [counts.get(breaker.service, {})]
    ]
    return sorted(outages, key=lambda outage: (outage.since is None, outage.since))


def try_now(service: str, *, actor: str) -> bool:
    """Let the next delivery find out at once if the system is back; False unless its circuit is open."""
    waited = F("next_probe_at") - F("opened_at")
    with transaction.atomic():
        moved = CircuitBreaker.objects.filter(
            service=service, state=BreakerState.OPEN, next_probe_at__isnull=False, paused_at=None
        ).update(opened_at=Now() - waited, next_probe_at=Now(), version=F("version") + 1)
        if moved:
            TRIED_NOW.record(actor, service)
            transaction.on_commit(lambda: wakeup.wake_up([service]))
    return bool(moved)


def _holding() -> list[CircuitBreaker]:
    return [breaker for breaker in CircuitBreaker.objects.all() if breaker.holds]


def _last_probe(breaker: CircuitBreaker) -> Attempt | None:
    # a failed probe marks its delivery with `held_since`: there are as many of these as probes, not as held
    tried = Delivery.objects.filter(
        service=breaker.service, status=DeliveryStatus.QUEUED, held_since__isnull=False
    )
    return Attempt.objects.filter(delivery__in=tried, is_probe=True).order_by("-id").first()
