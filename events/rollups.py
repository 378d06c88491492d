"""Counts per hour: kept by triggers where the rows are written, added up here, read from here.

A trigger only adds rows to `CountDelta`, in the transaction that did the work: nobody waits for a counter.
Every read takes both tables in one statement, so it is exact whenever the folding happens.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from events.models import Measure

BATCH = 20_000
FOLDING = 0x0CA21570  # the lock that keeps two workers from folding at once

BUCKETS_MS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)  # upper bounds; the last bucket is open

FOLD = """
WITH taken AS (
    DELETE FROM events_countdelta WHERE id IN (SELECT id FROM events_countdelta ORDER BY id LIMIT %s)
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

READ = """
SELECT hour, service, name, detail, sum(amount)::bigint FROM (
    SELECT hour, service, name, detail, amount FROM events_hourlycount
    WHERE measure = %(measure)s AND hour >= %(since)s AND hour < %(until)s
    UNION ALL
    SELECT hour, service, name, detail, amount FROM events_countdelta
    WHERE measure = %(measure)s AND hour >= %(since)s AND hour < %(until)s
) AS counted GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0 ORDER BY 1
"""

TOTALS = """
SELECT service, name, detail, sum(amount)::bigint FROM (
    SELECT service, name, detail, amount FROM events_hourlycount WHERE measure = %(measure)s AND hour = 'epoch'
    UNION ALL SELECT service, name, detail, amount FROM events_countdelta WHERE measure = %(measure)s
) AS counted GROUP BY 1, 2, 3 HAVING sum(amount) <> 0
"""


@dataclass(frozen=True)
class Row:
    """What one hour holds of one kind."""

    hour: datetime
    service: str
    name: str
    detail: str
    amount: int


def fold() -> None:
    """Add up what the triggers left. Safe to call anywhere, any number of times."""
    while _fold_batch() == BATCH:
        pass


def _fold_batch() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLDING])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(FOLD, [BATCH])
        return int(cursor.fetchone()[0])


def read(measure: Measure, since: datetime, until: datetime) -> list[Row]:
    """The counts of the hours that begin in [since, until), whether folded or not."""
    with connection.cursor() as cursor:
        cursor.execute(READ, {"measure": measure, "since": since, "until": until})
        return [Row(*row) for row in cursor.fetchall()]


def totals(measure: Measure) -> dict[tuple[str, str, str], int]:
    """Since ever, by service, name and detail; a row of its own keeps them, under the hour `epoch`."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, {"measure": measure})
        return {(service, name, detail): amount for service, name, detail, amount in cursor.fetchall()}


def total(rows: Iterable[Row]) -> int:
    return sum(row.amount for row in rows)
