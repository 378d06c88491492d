"""Systems that reject everything: the request of each person alike, so that no one's data is to blame."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import dates, labels
from events import rejected_service_keys, statistics, titles
from events.engine.failure_causes import NO_PERMISSION
from events.models import CircuitBreaker, DeadLetter, DeadLetterStatus, Delivery, Measure, Outcome
from events.rejected_service_keys import RejectedKey

ENOUGH = 5  # people, each rejected, and nobody accepted in between
KEPT_IN_MIND = timedelta(hours=24)  # after so long without another one it is not said any more
# what a rejected call is filed under
CAUSES = [NO_PERMISSION, "not_found", "invalid_data", "invalid_phone_number"]
MOST_NAMED = 2  # steps in a sentence
LASTS = timedelta(minutes=10)  # from an attempt's start to its end, at most

# One item that is tried again and again is one row, and all of one person are one: read from one index.
REJECTED = """
SELECT service, min(greatest(created_at, suspect.accepted_at)), count(*), bool_and(cause = %(key)s), NULL,
       count(*) FILTER (WHERE status = 'open')
FROM unnest(%(services)s::text[], %(accepted)s::timestamptz[], %(enough)s::int[])
     AS suspect(service, accepted_at, enough)
JOIN events_deadletter USING (service)
WHERE status IN ('open', 'retrying') AND cause = ANY(%(causes)s)
  AND failed_at > greatest(%(since)s, suspect.accepted_at)
GROUP BY service, suspect.enough
HAVING count(DISTINCT subject) FILTER (WHERE subject <> '')
     + count(*) FILTER (WHERE subject = '') >= suspect.enough
"""

# From each system's newest failure to the acceptance before it, on to the newest before that, and so on: a
# period is looked at once, however many failed in it. A resent item is resolved by then, so all states count.
# System and moment are compared as a pair, else PostgreSQL may look through what all systems did in the day.
PERIODS = """
WITH RECURSIVE failure AS (
    SELECT * FROM unnest(%(services)s::text[], %(moments)s::timestamptz[]) AS failure(service, at)
), period AS (
    SELECT DISTINCT service, 'infinity'::timestamptz AS began, NULL::timestamptz AS ended FROM failure
    UNION ALL
    SELECT period.service, coalesce(accepted.before, newest.at - %(longest)s), accepted.after
    FROM period
    CROSS JOIN LATERAL (
        SELECT at FROM failure WHERE failure.service = period.service AND at <= period.began
        ORDER BY at DESC LIMIT 1
    ) AS newest
    CROSS JOIN LATERAL (SELECT
        (SELECT finished_at FROM events_delivery AS delivery
         WHERE status = 'done'
           AND (delivery.service, finished_at) >= (period.service, newest.at - %(longest)s)
           AND (delivery.service, finished_at) < (period.service, newest.at)
         ORDER BY delivery.service DESC, finished_at DESC LIMIT 1) AS before,
        (SELECT finished_at FROM events_delivery AS delivery
         WHERE status = 'done'
           AND (delivery.service, finished_at) >= (period.service, newest.at)
           AND (delivery.service, finished_at) <= (period.service, newest.at + %(longest)s)
         ORDER BY delivery.service, finished_at LIMIT 1) AS after
    ) AS accepted
)
SELECT service, rejected.since, rejected.amount, FALSE, ended
FROM period CROSS JOIN LATERAL (
    SELECT min(greatest(created_at, began)) AS since, count(*) AS amount
    FROM events_deadletter AS letter
    WHERE letter.service = period.service AND cause = ANY(%(causes)s)
      AND created_at >= began - %(longest)s AND created_at < ended
      AND failed_at > began AND failed_at < ended
    HAVING count(DISTINCT subject) FILTER (WHERE subject <> '')
         + count(*) FILTER (WHERE subject = '') >= %(enough)s
) AS rejected
WHERE ended IS NOT NULL
"""

LastFailure = tuple[str, str, datetime]  # of an item or a group: its system, cause and moment


@dataclass(frozen=True)
class Rejection:
    """How many deliveries a system rejected since it accepted the last one; `is_key` if all for our key.

    It is over once one was accepted again, at `until`. Of the rejected, `open_items` wait for a person, and
    the others are tried again. `steps` are those that a key is rejected for, where others may be accepted.
    """

    service: str
    since: datetime
    rejected: int
    is_key: bool = False
    until: datetime | None = None
    open_items: int = 0
    steps: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        if self.until:
            return _("O sistema recusou tudo e voltou a aceitar")
        if self.is_key:
            return _("O sistema não aceita a nossa chave")
        return _("O sistema recusa tudo")

    @property
    def sentence(self) -> str:
        said = {
            "system": labels.system(self.service),
            "since": dates.clock(self.since),
            "rejected": labels.number(self.rejected),
        }
        if self.until:
            said["until"] = dates.clock(self.until)
            if said["until"] == said["since"]:
                return _("%(system)s recusou tudo às %(since)s e voltou a aceitar.") % said
            return _("%(system)s recusou tudo das %(since)s às %(until)s e voltou a aceitar.") % said
        if self.is_key and self.steps:
            amount = ngettext("%s entrega recusada", "%s entregas recusadas", self.rejected)
            said |= {"amount": amount % said["rejected"], "where": self._where}
            return _("%(system)s não aceita a nossa chave desde %(since)s: %(amount)s%(where)s.") % said
        if self.is_key:
            return (
                _("%(system)s não aceita a nossa chave desde %(since)s (%(rejected)s de %(rejected)s).")
                % said
            )
        return _("%(system)s recusa tudo o que recebe desde %(since)s (%(rejected)s de %(rejected)s).") % said

    @property
    def _where(self) -> str:
        """Such as " em «Cadastrar o lead»", where the steps are few."""
        named = [f"«{titles.step_in(self.service, step)}»" for step in self.steps]
        return _(" em %s") % " e ".join(named) if len(named) <= MOST_NAMED else ""

    @property
    def causes(self) -> list[str]:
        return [NO_PERMISSION] if self.is_key else CAUSES

    def refuses(self, step: str) -> bool:
        return not self.steps or step in self.steps

    def explains(self, failure: LastFailure) -> bool:
        """Whether this was rejected in that time, for what all were."""
        service, cause, at = failure
        is_meant = service == self.service and cause in self.causes
        return is_meant and self.since <= at and (self.until is None or at < self.until)


def current(now: datetime | None = None) -> dict[str, Rejection]:
    """By system. Of our key the first rejection is enough, and of one that answers again after an outage.

    Two reads, of the hourly counts and of the keys, while nothing has been rejected since it was accepted.
    """
    now = now or timezone.now()
    return _keys(rejected_service_keys.current()) | _all_rejected(now)


def _all_rejected(now: datetime) -> dict[str, Rejection]:
    suspects = _suspects(now)
    if not suspects:
        return {}
    given: dict[str, Any] = {
        "services": [suspect.service for suspect in suspects],
        "accepted": [suspect.accepted_at for suspect in suspects],
        "enough": [suspect.enough for suspect in suspects],
        "key": NO_PERMISSION,
        "causes": CAUSES,
        "since": now - KEPT_IN_MIND,
    }
    with connection.cursor() as cursor:
        cursor.execute(REJECTED, given)
        return {row[0]: Rejection(*row) for row in cursor.fetchall()}


def _keys(rejected: Sequence[RejectedKey]) -> dict[str, Rejection]:
    """By system, all its steps that a key is rejected for as one."""
    found: dict[str, Rejection] = {}
    for key, counted in rejected_service_keys.figures(rejected).items():
        known = found.get(key.service)
        since = max(filter(None, (counted.first or key.at, key.accepted_before)))
        found[key.service] = Rejection(
            key.service,
            min(since, known.since) if known else since,
            (known.rejected if known else 0) + counted.open + counted.retrying,
            is_key=True,
            open_items=(known.open_items if known else 0) + counted.open,
            steps=(*(known.steps if known else ()), key.step),
        )
    return found


def newest_items(now: Iterable[Rejection]) -> dict[str, int]:
    """By system, the open item that it rejected last: overtaken by nothing newer, and useful the longest."""
    open_ones = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).order_by("-pk")
    found = [
        open_ones.filter(
            Q(step__in=each.steps) if each.steps else Q(),
            service=each.service,
            cause__in=each.causes,
            failed_at__gte=each.since,
        ).values_list("service", "pk")[:1]
        for each in now
    ]
    return dict(found[0].union(*found[1:], all=True)) if found else {}


def of(failures: Sequence[LastFailure], now: Iterable[Rejection]) -> dict[LastFailure, Rejection]:
    """By which rejection of everything each of these failed, if by any: one of now, or one that is over.

    One that is over is known by its acceptances, within a day before and after the failure. It says nothing
    of a key, which may be good for one call and not for another: see `rejected_service_keys`.
    """
    found = {failure: each for each in now for failure in failures if each.explains(failure)}
    left = [failure for failure in failures if failure not in found and failure[1] != NO_PERMISSION]
    over = _ended(left) if left else []
    return found | {failure: each for each in over for failure in left if each.explains(failure)}


def _ended(failures: Sequence[LastFailure]) -> list[Rejection]:
    given: dict[str, Any] = {
        "services": [service for service, _cause, _at in failures],
        "moments": [at for _service, _cause, at in failures],
        "longest": KEPT_IN_MIND,
        "causes": CAUSES,
        "enough": ENOUGH,
    }
    with connection.cursor() as cursor:
        cursor.execute(PERIODS, given)
        return [Rejection(*row) for row in cursor.fetchall()]


class Suspect(NamedTuple):
    """When it accepted the last one, None for never, and how many people it has to reject since."""

    service: str
    accepted_at: datetime | None
    enough: int


def _suspects(now: datetime) -> list[Suspect]:
    """The systems that rejected enough attempts since the hour in which they last accepted one."""
    since = now - KEPT_IN_MIND - timedelta(hours=1)
    counts = statistics.sums(Measure.ATTEMPT, since, now, ["service", "name", "hour"])
    accepted: dict[str, datetime] = {}
    for service, outcome, hour in counts:
        if outcome == Outcome.DONE:
            accepted[service] = max(hour, accepted.get(service, hour))
    rejected: Counter[str] = Counter()
    for (service, outcome, hour), amount in counts.items():
        if outcome == Outcome.REJECTED and hour >= accepted.get(service, hour):
            rejected[service] += amount
    if not rejected:
        return []
    outages = [row for row in CircuitBreaker.objects.filter(service__in=rejected) if row.refuses]
    found = [Suspect(row.service, row.outage_since, 1) for row in outages]
    for service in rejected.keys() - {row.service for row in outages}:
        if rejected[service] >= ENOUGH:
            hour = accepted.get(service)
            found.append(Suspect(service, hour and _last_accepted(service, hour), ENOUGH))
    return found


def _last_accepted(service: str, hour: datetime) -> datetime:
    """The moment, of which the counts know the hour."""
    ended = Delivery.objects.filter(
        service=service,
        status="done",
        finished_at__gte=hour,
        finished_at__lt=hour + timedelta(hours=1) + LASTS,
    )
    return ended.order_by("-finished_at").values_list("finished_at", flat=True).first() or hour
