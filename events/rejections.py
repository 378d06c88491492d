"""Systems that reject everything: the request of each person alike, so that no one's data is to blame."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from carinho.console import labels
from events import statistics
from events.engine.failure_causes import NO_PERMISSION
from events.models import Delivery, Measure, Outcome

ENOUGH = 5  # people, each rejected, and nobody accepted in between
KEPT_IN_MIND = timedelta(hours=24)  # after so long without another one it is not said any more
# what a rejected call is filed under
CAUSES = [NO_PERMISSION, "not_found", "invalid_data", "invalid_phone_number"]
LASTS = timedelta(minutes=10)  # from an attempt's start to its end, at most

# One item that is tried again and again is one row, and all of one person are one: read from one index.
REJECTED = """
SELECT service, min(greatest(created_at, suspect.accepted_at)), count(*), bool_and(cause = %(key)s)
FROM unnest(%(services)s::text[], %(accepted)s::timestamptz[]) AS suspect(service, accepted_at)
JOIN events_deadletter USING (service)
WHERE status IN ('open', 'retrying') AND cause = ANY(%(causes)s)
  AND failed_at > greatest(%(since)s, suspect.accepted_at)
GROUP BY service
HAVING count(DISTINCT subject) FILTER (WHERE subject <> '')
     + count(*) FILTER (WHERE subject = '') >= %(enough)s
"""


@dataclass(frozen=True)
class Rejection:
    """How many deliveries a system rejected since it accepted the last one; `is_key` if all for our key."""

    service: str
    since: datetime
    rejected: int
    is_key: bool = False

    @property
    def sentence(self) -> str:
        said = {
            "system": labels.system(self.service),
            "since": self.clock,
            "rejected": labels.number(self.rejected),
        }
        if self.is_key:
            return (
                _("%(system)s não aceita a nossa chave desde %(since)s (%(rejected)s de %(rejected)s).")
                % said
            )
        return _("%(system)s recusa tudo o que recebe desde %(since)s (%(rejected)s de %(rejected)s).") % said

    @property
    def clock(self) -> str:
        """The hour, with its day unless that is today: a moment that stays, however often it is read."""
        local = timezone.localtime(self.since)
        return date_format(local, "H:i" if local.date() == timezone.localdate() else "d/m H:i")


def current(now: datetime | None = None) -> dict[str, Rejection]:
    """By system; one read of the hourly counts while none has rejected many since it accepted one."""
    now = now or timezone.now()
    suspects = _suspects(now)
    if not suspects:
        return {}
    accepted = [hour and _last_accepted(service, hour) for service, hour in suspects.items()]
    given: dict[str, Any] = {
        "services": list(suspects),
        "accepted": accepted,
        "key": NO_PERMISSION,
        "causes": CAUSES,
        "since": now - KEPT_IN_MIND,
        "enough": ENOUGH,
    }
    with connection.cursor() as cursor:
        cursor.execute(REJECTED, given)
        return {row[0]: Rejection(*row) for row in cursor.fetchall()}


def _suspects(now: datetime) -> dict[str, datetime | None]:
    """The systems that rejected enough attempts since the hour in which they last accepted one; that hour.

    None for a system that accepted nothing all the time.
    """
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
    return {service: accepted.get(service) for service, amount in rejected.items() if amount >= ENOUGH}


def _last_accepted(service: str, hour: datetime) -> datetime:
    """The moment, of which the counts know the hour."""
    ended = Delivery.objects.filter(
        service=service,
        status="done",
        finished_at__gte=hour,
        finished_at__lt=hour + timedelta(hours=1) + LASTS,
    )
    return ended.order_by("-finished_at").values_list("finished_at", flat=True).first() or hour
