"""Systems that refuse everything: the request of each person alike, so that no one's data is to blame."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from carinho.console import labels
from events import statistics
from events.models import Delivery, Measure

ENOUGH = 5  # people, each refused, and nobody accepted in between
KEPT_IN_MIND = timedelta(hours=24)  # after so long without another one it is not said any more
KEY = "no_permission"
CAUSES = [KEY, "not_found", "invalid_data", "invalid_phone_number"]  # what a refused call is filed under
LASTS = timedelta(minutes=10)  # from an attempt's start to its end, at most

# One item that is tried again and again is one row, and all of one person are one: read from one index.
REFUSED = """
WITH accepted AS (
    SELECT * FROM unnest(%(services)s::text[], %(moments)s::timestamptz[]) AS row(service, at)
)
SELECT service, min(greatest(created_at, accepted.at)), count(*), bool_and(cause = %(key)s)
FROM events_deadletter LEFT JOIN accepted USING (service)
WHERE status IN ('open', 'retrying') AND cause = ANY(%(causes)s)
  AND failed_at > greatest(%(since)s, accepted.at)
GROUP BY service
HAVING count(DISTINCT subject) FILTER (WHERE subject <> '')
     + count(*) FILTER (WHERE subject = '') >= %(enough)s
"""


@dataclass(frozen=True)
class Refusal:
    """How many deliveries a system refused since it accepted the last one; `is_key` if all for our key."""

    service: str
    since: datetime
    refused: int
    is_key: bool = False

    @property
    def sentence(self) -> str:
        said = {
            "system": labels.system(self.service),
            "since": self.clock,
            "refused": labels.number(self.refused),
        }
        if self.is_key:
            return (
                _("%(system)s não aceita a nossa chave desde %(since)s (%(refused)s de %(refused)s).") % said
            )
        return _("%(system)s recusa tudo o que recebe desde %(since)s (%(refused)s de %(refused)s).") % said

    @property
    def clock(self) -> str:
        """The hour, with its day unless that is today: a moment that stays, however often it is read."""
        local = timezone.localtime(self.since)
        return date_format(local, "H:i" if local.date() == timezone.localdate() else "d/m H:i")


def current(now: datetime | None = None) -> dict[str, Refusal]:
    """By system; one statement where no system has refused enough people."""
    now = now or timezone.now()
    suspects = _refused(now, {})
    return _refused(now, _last_accepted(list(suspects), now)) if suspects else {}


def _refused(now: datetime, accepted: dict[str, datetime]) -> dict[str, Refusal]:
    given: dict[str, Any] = {
        "services": list(accepted),
        "moments": list(accepted.values()),
        "key": KEY,
        "causes": CAUSES,
        "since": now - KEPT_IN_MIND,
        "enough": ENOUGH,
    }
    with connection.cursor() as cursor:
        cursor.execute(REFUSED, given)
        return {row[0]: Refusal(*row) for row in cursor.fetchall()}


def _last_accepted(services: list[str], now: datetime) -> dict[str, datetime]:
    """When each accepted something for the last time: the counts say in which hour, its deliveries when."""
    counts = statistics.sums(
        Measure.ATTEMPT, now - KEPT_IN_MIND - timedelta(hours=1), now, ["service", "name", "hour"]
    )
    hours: dict[str, datetime] = {}
    for service, outcome, hour in counts:
        if outcome == "done" and service in services:
            hours[service] = max(hour, hours.get(service, hour))
    return {service: _last_done(service, hour) for service, hour in hours.items()}


def _last_done(service: str, hour: datetime) -> datetime:
    ended = Delivery.objects.filter(
        service=service,
        status="done",
        finished_at__gte=hour,
        finished_at__lt=hour + timedelta(hours=1) + LASTS,
    )
    return ended.order_by("-finished_at").values_list("finished_at", flat=True).first() or hour
