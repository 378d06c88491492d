"""Systems that reject everything: the request of each person alike, so that no one's data is to blame."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import dates, labels
from carinho.database import run
from events import rejected_service_keys, statistics, titles
from events.engine.failure_causes import NO_PERMISSION
from events.models import (
    DATA_CAUSES,
    CircuitBreaker,
    DeadLetter,
    DeadLetterStatus,
    Delivery,
    Measure,
    Outcome,
)
from events.rejected_service_keys import RejectedKey

ENOUGH = 5  # people, each rejected, and nobody accepted in between
FEWEST = 2  # of whom it may be the system
KEPT_IN_MIND = timedelta(hours=24)  # after so long without another one it is not said any more
# what a rejected call is filed under
CAUSES = [NO_PERMISSION, *DATA_CAUSES]
UNCLEAR_CAUSES = ["not_found", "invalid_data"]  # of which the answer does not say what is wrong
MOST_PERIODS = 20  # of a system, with items that are still open: the latest
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
MOST_NAMED = 2  # steps in a sentence
LASTS = timedelta(minutes=10)  # from an attempt's start to its end, at most

# One item that is tried again and again is one row, and all of one person are one: read from one index.
REJECTED = """
SELECT service, min(greatest(created_at, suspect.accepted_at)), count(*), bool_and(cause = %(key)s),
       count(*) FILTER (WHERE status = 'open'),
       count(DISTINCT subject) FILTER (WHERE subject <> '') + count(*) FILTER (WHERE subject = '') AS people,
       suspect.enough
FROM unnest(%(services)s::text[], %(accepted)s::timestamptz[], %(enough)s::int[])
     AS suspect(service, accepted_at, enough)
JOIN events_deadletter USING (service)
WHERE status IN ('open', 'retrying') AND cause = ANY(%(causes)s)
  AND failed_at > greatest(%(since)s, suspect.accepted_at)
GROUP BY service, suspect.enough
HAVING count(DISTINCT subject) FILTER (WHERE subject <> '')
     + count(*) FILTER (WHERE subject = '') >= least(suspect.enough, %(fewest)s)
"""

# From each system's newest failure to the acceptance before it, on to the newest before that, and so on: a
# period is looked at once, however many failed in it. A resent item is resolved by then, so all states count.
# System and moment are compared as a pair, else PostgreSQL may look through what all systems did in the day.
PERIODS = """
WITH RECURSIVE period AS (
    SELECT DISTINCT service, 'infinity'::timestamptz AS began, NULL::timestamptz AS ended, 0 AS number
    FROM unnest(%(services)s::text[]) AS service
    UNION ALL
    SELECT period.service, coalesce(accepted.before, newest.at - %(longest)s), accepted.after, number + 1
    FROM period
    CROSS JOIN LATERAL ({newest}) AS newest
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
    WHERE newest.at IS NOT NULL AND number < %(most)s
)
SELECT service, rejected.since, rejected.amount, ended {left}
FROM period CROSS JOIN LATERAL (
    SELECT min(greatest(created_at, began)) AS since, count(*) AS amount
    FROM events_deadletter AS letter
    WHERE letter.service = period.service AND cause = ANY(%(causes)s)
      AND failed_at > began AND failed_at < ended
    HAVING count(DISTINCT subject) FILTER (WHERE subject <> '')
         + count(*) FILTER (WHERE subject = '') >= %(enough)s
) AS rejected
WHERE ended IS NOT NULL
"""
OF_THESE = PERIODS.format(
    newest="""
        SELECT max(at) AS at
        FROM unnest(%(services)s::text[], %(moments)s::timestamptz[]) AS failure(service, at)
        WHERE failure.service = period.service AND at <= period.began
    """,
    left="",
)
# the causes stand in the statement as they stand in the index
OF_OPEN_ITEMS = PERIODS.format(
    newest="""
        SELECT max(failed_at) AS at FROM events_deadletter AS letter
        WHERE status = 'open' AND cause IN ('not_found', 'invalid_data', 'invalid_phone_number')
          AND letter.service = period.service AND failed_at <= period.began
    """,
    left=""", ARRAY(
        SELECT jsonb_build_array(step, cause, count(*)) FROM events_deadletter AS letter
        WHERE status = 'open' AND cause IN ('not_found', 'invalid_data', 'invalid_phone_number')
          AND letter.service = period.service AND failed_at > began AND failed_at < ended
        GROUP BY step, cause
    )""",
)

LastFailure = tuple[str, str, datetime]  # of an item or a group: its system, cause and moment


@dataclass(frozen=True)
class Rejection:
    """How many deliveries a system rejected since it accepted the last one; `is_key` if all for our key.

    It is over once one was accepted again, at `until`. Of the rejected, `open_items` wait for a person, and
    the others are tried again. `steps` are those that a key is rejected for, where others may be accepted. Of
    one that is over, `left` counts the items that are open all the same, by step and cause. One of too few
    `people` to be certain is a suspicion.
    """

    service: str
    since: datetime
    rejected: int
    is_key: bool = False
    until: datetime | None = None
    open_items: int = 0
    steps: tuple[str, ...] = ()
    people: int = 0
    is_suspicion: bool = False
    left: Mapping[tuple[str, str], int] = field(default_factory=dict, compare=False)

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
        if self.until and self.is_key:
            said["until"] = dates.clock(self.until)
            return _("%(system)s recusou a nossa chave e a aceita desde %(until)s.") % said
        if self.until:
            said["until"] = dates.clock(self.until)
            if said["until"] == said["since"]:
                return _("%(system)s recusou tudo às %(since)s e voltou a aceitar.") % said
            return _("%(system)s recusou tudo das %(since)s às %(until)s e voltou a aceitar.") % said
        amount = ngettext("%s entrega recusada", "%s entregas recusadas", self.rejected)
        said |= {"amount": amount % said["rejected"], "where": self._where if self.steps else ""}
        if self.is_key:
            return _("%(system)s não aceita a nossa chave desde %(since)s: %(amount)s%(where)s.") % said
        return _("%(system)s recusa tudo o que recebe desde %(since)s: %(amount)s, nenhuma aceita.") % said

    @property
    def _where(self) -> str:
        """Such as " em «Cadastrar o lead»", where the steps are few."""
        named = [f"«{titles.step_in(self.service, step)}»" for step in self.steps]
        return _(" em %s") % " e ".join(named) if len(named) <= MOST_NAMED else ""

    @property
    def period(self) -> str:
        """Its beginning and end, to the moment, as an address has them; see `read_period`."""
        ends = (self.since, self.until or timezone.now())
        return "-".join(str((end - EPOCH) // MICROSECOND) for end in ends)

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


def read_period(text: str) -> tuple[datetime, datetime] | None:
    try:
        since, until = (EPOCH + int(end) * MICROSECOND for end in text.split("-"))
    except (ValueError, OverflowError):
        return None
    return since, until


def current(now: datetime | None = None) -> dict[str, Rejection]:
    """By system. Of our key the first rejection is enough, and of one that answers again after an outage.

    Two reads, of the hourly counts and of the keys, while nothing has been rejected since it was accepted.
    """
    return _found(now or timezone.now(), ENOUGH)


def with_suspicions() -> dict[str, Rejection]:
    """`current`, and where so far only a few people were rejected in a row."""
    return _found(timezone.now(), FEWEST)


def _found(now: datetime, fewest: int) -> dict[str, Rejection]:
    keys = _keys(rejected_service_keys.current())
    rejected = {each.service: each for each in _all_rejected(now, fewest)}
    return keys | {name: each for name, each in rejected.items() if not (each.is_suspicion and name in keys)}


def _all_rejected(now: datetime, fewest: int) -> list[Rejection]:
    suspects = _suspects(now, fewest)
    if not suspects:
        return []
    given: dict[str, Any] = {
        "services": [suspect.service for suspect in suspects],
        "accepted": [suspect.accepted_at for suspect in suspects],
        "enough": [suspect.enough for suspect in suspects],
        "fewest": fewest,
        "key": NO_PERMISSION,
        "causes": CAUSES,
        "since": now - KEPT_IN_MIND,
    }
    found = []
    for service, since, amount, is_key, open_items, people, enough in run(REJECTED, given):
        found.append(
            Rejection(
                service,
                since,
                amount,
                is_key,
                open_items=open_items,
                people=people,
                is_suspicion=people < enough,
            )
        )
    return found


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
        "most": len(failures),
        "causes": CAUSES,
        "enough": ENOUGH,
    }
    rows = run(OF_THESE, given)
    return [Rejection(service, since, amount, until=until) for service, since, amount, until in rows]


def left_over(services: Iterable[str]) -> list[Rejection]:
    """What is over in these systems and left open items, the newest first; also of keys accepted again.

    Of each system the latest periods with open items are looked at.
    """
    asked = list(services)
    given: dict[str, Any] = {
        "services": asked,
        "longest": KEPT_IN_MIND,
        "most": MOST_PERIODS,
        "causes": CAUSES,
        "enough": ENOUGH,
    }
    found = []
    for service, since, amount, until, counted in run(OF_OPEN_ITEMS, given) if asked else []:
        left = {(step, cause): count for step, cause, count in map(json.loads, counted)}
        items = sum(left.values())
        found.append(Rejection(service, since, amount, until=until, open_items=items, left=left))
    return [*found, *accepted_keys()]


def accepted_keys() -> list[Rejection]:
    """By system, what was rejected for a key that is accepted again, and is open all the same."""
    accepted = [key for key in rejected_service_keys.every() if key.accepted_at]
    found: dict[str, Rejection] = {}
    for key, counted in rejected_service_keys.figures(accepted).items():
        known = found.get(key.service)
        left = {**(known.left if known else {}), (key.step, NO_PERMISSION): counted.open}
        moments = [key.accepted_at, known.until if known else None]
        found[key.service] = Rejection(
            key.service,
            min(key.at, known.since) if known else key.at,
            sum(left.values()),
            is_key=True,
            until=max(filter(None, moments)),
            open_items=sum(left.values()),
            left=left,
        )
    return [each for each in found.values() if each.open_items]


class Suspect(NamedTuple):
    """When it accepted the last one, None for never, and how many people it has to reject since."""

    service: str
    accepted_at: datetime | None
    enough: int


def _suspects(now: datetime, fewest: int) -> list[Suspect]:
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
        if rejected[service] >= fewest:
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
