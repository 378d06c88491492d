"""Why messages wait to go out, read from what the policy, the connection and the lane decided."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import mean
from typing import Any

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
OF_ALL = "FROM events_delivery AS delivery WHERE delivery.service = 'whatsapp'"
OF_ONE = f"{OF_ALL} AND delivery.id = (SELECT delivery_id FROM whatsapp_sentmessage WHERE id = %(only)s)"  # noqa: S608 -- put together from constants
OWN_HOUR = """delivery.status = 'queued' AND delivery.due_at > %(now)s
AND delivery.due_at IS DISTINCT FROM %(morning)s AND delivery.due_at <> %(next_day)s"""
# Each by itself: what waits by the thousands, for WhatsApp or for the morning, is counted within an index
CONDITIONS = {
    WaitCause.EARLIER: "delivery.status = 'waiting'",
    WaitCause.SENDING: "delivery.status = 'running'",
    WaitCause.NOW: "delivery.status = 'queued' AND delivery.due_at <= %(now)s",
    WaitCause.QUIET: "delivery.status = 'queued' AND delivery.due_at = %(morning)s",
    WaitCause.LIMIT: """delivery.status = 'queued' AND delivery.due_at = %(next_day)s
AND delivery.due_at IS DISTINCT FROM %(morning)s""",
    WaitCause.AGAIN: f"{OWN_HOUR} AND delivery.attempts > 0",
    WaitCause.LATER: f"{OWN_HOUR} AND delivery.attempts = 0",
}


def waits(only: int | None = None, row: Connection | None = None) -> list[Wait]:
    """Of all messages that wait, or of one; the most first. `row` is the connection's, if it was read."""
    now = timezone.now()
    given = {"now": now, "morning": policy.quiet_until(now), "next_day": policy.next_day(now), "only": only}
    among = OF_ALL if only is None else OF_ONE
    counts = " UNION ALL ".join(
        f"SELECT '{cause}', count(*), min(delivery.due_at) {among} AND {condition}"
        for cause, condition in CONDITIONS.items()
    )
    counted = [Wait(WaitCause(cause), count, at) for cause, count, at in run(counts, given) if count]
    row, waiting = row or Connection.load(), []
    for wait in sorted(counted, key=lambda wait: -wait.count):
        if wait.cause == WaitCause.NOW:
            waiting.append(_of_due(wait.count, now, row, only))
        elif wait.cause in NOT_DUE:
            waiting.append(replace(wait, at=_first_to_go(f"{among} AND {CONDITIONS[wait.cause]}", given)))
        else:
            waiting.append(wait)
    return waiting


def _first_to_go(among: str, given: dict[str, Any]) -> datetime:
    """When the first of these goes: the policy moves what is due in the night."""
    first = f"SELECT delivery.id, delivery.due_at {among} ORDER BY 2, 1 LIMIT {MOST_ASKED}"
    due = dict(run(first, given))
    return min((due | preview.leaving_at(list(due))).values())


def _of_due(count: int, now: datetime, row: Connection, only: int | None) -> Wait:
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
        due = Delivery.objects.filter(service="whatsapp", status="queued", due_at__lte=now)
        before = count if only is None else due.count()
        return Wait(WaitCause.PACED, count, now + timedelta(seconds=before * mean(PACE_SECONDS)))
    return Wait(WaitCause.NOW, count)
