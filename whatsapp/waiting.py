"""Why messages wait to go out, read from what the policy, the connection and the lane decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import mean

from django.utils import timezone

from carinho.database import run
from events import preview
from events.models import CircuitBreaker, Delivery, Lane
from whatsapp import outbox, policy
from whatsapp.lane_hooks import PACE_SECONDS
from whatsapp.models import Connection


class WaitCause(StrEnum):
    DISCONNECTED = "disconnected"
    BLOCKED = "blocked"  # its circuit is open, or a person paused it
    ASKED = "asked"  # Z-API said when to come back
    PACED = "paced"  # one after the other, after a reconnect
    QUIET = "quiet"
    LIMIT = "limit"  # one new person too many today
    EARLIER = "earlier"  # another step of its event comes first
    AGAIN = "again"  # it failed, and is tried again
    LATER = "later"  # its step said so
    SENDING = "sending"
    NOW = "now"


@dataclass(frozen=True)
class Wait:
    """So many messages and why they wait: since when for what is away, else by when; None if unknown."""

    cause: WaitCause
    count: int
    at: datetime | None = None


MOST_ASKED = 50  # of what is not due yet, for when the first goes
NOT_DUE = (WaitCause.AGAIN, WaitCause.LATER)
COUNTS = """
SELECT CASE WHEN delivery.status = 'waiting' THEN 'earlier'
            WHEN delivery.status = 'running' THEN 'sending'
            WHEN delivery.due_at <= %(now)s THEN 'now'
            WHEN delivery.due_at = %(morning)s THEN 'quiet'
            WHEN delivery.due_at = %(next_day)s THEN 'limit'
            WHEN delivery.attempts > 0 THEN 'again'
            ELSE 'later' END AS cause, count(*), min(delivery.due_at),
       (array_agg(delivery.id ORDER BY delivery.due_at, delivery.id))[:%(asked)s],
       (array_agg(delivery.due_at ORDER BY delivery.due_at, delivery.id))[:%(asked)s]
FROM whatsapp_sentmessage AS message JOIN events_delivery AS delivery ON delivery.id = message.delivery_id
WHERE message.status IN ('queued', 'held') AND delivery.status IN ('waiting', 'queued', 'running')
  AND (%(only)s::bigint IS NULL OR message.id = %(only)s)
GROUP BY 1 ORDER BY 2 DESC
"""


def waits(only: int | None = None, row: Connection | None = None) -> list[Wait]:
    """Of all messages that wait, or of one; the most first. `row` is the connection's, if it was read."""
    now = timezone.now()
    hours = {"now": now, "morning": policy.quiet_until(now), "next_day": policy.next_day(now)}
    rows = run(COUNTS, hours | {"only": only, "asked": MOST_ASKED})
    counted = [
        Wait(WaitCause(cause), count, _first_to_go(ids, due) if cause in NOT_DUE else at)
        for cause, count, at, ids, due in rows
    ]
    row = row or Connection.load()
    return [_of_due(wait.count, now, row) if wait.cause == WaitCause.NOW else wait for wait in counted]


def _first_to_go(ids: list[int], due: list[datetime]) -> datetime:
    """When the first of these goes: the policy moves what is due in the night."""
    moved = preview.leaving_at(ids)
    return min(moved.get(id, due_at) for id, due_at in zip(ids, due, strict=True))


def _of_due(count: int, now: datetime, row: Connection) -> Wait:
    """What keeps those that could go now: the one that a person can do most about comes first."""
    if row.connected is False:
        return Wait(WaitCause.DISCONNECTED, count, row.disconnected_at)
    breaker = CircuitBreaker.objects.filter(service="whatsapp").first()
    if breaker and breaker.holds:
        return Wait(WaitCause.BLOCKED, count, breaker.held_since)
    asked = Lane.objects.filter(name="whatsapp", not_before__gt=now).values_list("not_before", flat=True)
    if until := asked.first():
        return Wait(WaitCause.ASKED, count, until)
    if outbox.has_held():
        before = Delivery.objects.filter(service="whatsapp", status="queued", due_at__lte=now).count()
        return Wait(WaitCause.PACED, count, now + timedelta(seconds=before * mean(PACE_SECONDS)))
    return Wait(WaitCause.NOW, count)
