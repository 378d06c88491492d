"""Counts per hour: kept by triggers where the rows are written, added up here, read from here.

A trigger only adds rows to `CountDelta`, in the transaction that did the work: nobody waits for a counter.
Every read takes both tables in one statement, so it is exact whenever the folding happens.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from carinho.database import run
from carinho.locks import try_transaction_lock
from events.models import Measure

BATCH = 20_000
FOLDING = "events.fold"  # the lock that keeps two workers from folding at once

RECEIPTS = "whatsapp.status"  # these events only move a message of ours: nobody counts them as what happened
BUCKETS_MS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)  # upper bounds; the last bucket is open

# A range of ids, not a list: statistics that were taken while one large transaction wrote say that this table
# is empty, and a list is then compared with each row.
FOLD = """
WITH taken AS (
    DELETE FROM events_countdelta
    WHERE id <= (SELECT max(id) FROM (SELECT id FROM events_countdelta ORDER BY id LIMIT %s) AS oldest)
    RETURNING measure, hour, service, name, detail, amount
), folded AS (
    INSERT INTO events_hourlycount AS total (measure, hour, service, name, detail, amount)
    SELECT measure, hour, service, name, detail, sum(amount) FROM (
        SELECT * FROM taken
        UNION ALL SELECT measure, 'epoch'::timestamptz, service, name, detail, amount FROM taken
    ) AS counted GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (measure, hour, service, name, detail) DO UPDATE SET amount = total.amount + excluded.amount
)
SELECT count(*) FROM taken
"""

HOURS = """(
    SELECT hour, service, name, detail, amount FROM events_hourlycount
    WHERE measure = %(measure)s AND hour >= %(since)s AND hour < %(until)s {narrowed}
    UNION ALL
    SELECT hour, service, name, detail, amount FROM events_countdelta
    WHERE measure = %(measure)s AND hour >= %(since)s AND hour < %(until)s {narrowed}
) AS counted"""
SUMS = "SELECT {columns} sum(amount)::bigint FROM {hours} {groups}"
COLUMNS = {
    "hour": "hour",
    "day": "width_bucket(hour, %(midnights)s::timestamptz[])",  # its zone would take thrice as long
    "service": "service",
    "name": "name",
    "detail": "detail",
}

TOTALS = """
SELECT service, name, detail, sum(amount)::bigint FROM (
    SELECT service, name, detail, amount FROM events_hourlycount
    WHERE measure = %(measure)s AND hour = 'epoch'
    UNION ALL SELECT service, name, detail, amount FROM events_countdelta WHERE measure = %(measure)s
) AS counted GROUP BY 1, 2, 3 HAVING sum(amount) <> 0
"""


def fold() -> None:
    """Add up what the triggers left. Safe to call anywhere, any number of times."""
    while _fold_batch() == BATCH:
        pass


def _fold_batch() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        if not try_transaction_lock(FOLDING):
            return 0
        cursor.execute(FOLD, [BATCH])
        return int(cursor.fetchone()[0])


def sums(
    measure: Measure, since: datetime, until: datetime, by: Sequence[str], *,
    without: Sequence[str] = (), only: str = "",
) -> dict[tuple[Any, ...], int]:  # fmt: skip
    """What the hours that begin in [since, until) hold, added up by some of `COLUMNS`, folded or not.

    Rows whose `name` is in `without` are left out; `only` is the one name that counts.
    """
    hours = HOURS.format(
        narrowed=("AND name <> ALL(%(without)s) " if without else "")
        + ("AND name = %(only)s" if only else "")
    )
    statement = SUMS.format(
        columns="".join(f"{COLUMNS[name]}, " for name in by),
        hours=hours,
        groups=f"GROUP BY {', '.join(map(str, range(1, len(by) + 1)))} HAVING sum(amount) <> 0" if by else "",
    )
    given: dict[str, Any] = {"measure": measure, "since": since, "until": until}
    given |= {"without": list(without), "only": only}
    if "day" not in by:
        return {tuple(row[:-1]): row[-1] or 0 for row in run(statement, given)}
    days, place = _days(since, until), list(by).index("day")
    rows = run(statement, given | {"midnights": [_midnight(day) for day in days]})
    return {(*row[:place], days[row[place] - 1], *row[place + 1 : -1]): row[-1] for row in rows}


def _days(since: datetime, until: datetime) -> list[date]:
    first, last = timezone.localdate(since), timezone.localdate(until)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def total(measure: Measure, since: datetime, until: datetime, *, only: str = "") -> int:
    return sums(measure, since, until, (), only=only)[()]


def totals(measure: Measure) -> dict[tuple[str, str, str], int]:
    """Since ever, by service, name and detail; a row of its own keeps them, under the hour `epoch`."""
    rows = run(TOTALS, {"measure": measure})
    return {(service, name, detail): amount for service, name, detail, amount in rows}
