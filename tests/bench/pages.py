"""How long the pages and endpoints of monitoring take over a database of the size of years.

`python -m tests.bench.pages --events 5000000` fills a database of its own (three deliveries and attempts an
event, spread over a month), asks each address some times in this process, and prints the median and worst.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from carinho.embedded.postgres import Server

PROMISE_MS = 100
TIMES = 15
KEY_PATHS = [
    "/dashboard",
    "/status",
    "/alerts",
    "/report/daily",
    "/report/weekly",
    "/circuit-breakers",
    "/metrics",
]
PAGE_PATHS = [
    "/admin/",
    "/admin/?period=7d",
    "/admin/monitoring/alert/",
    "/admin/monitoring/round/",
    "/admin/monitoring/report/",
    "/admin/monitoring/report/daily/",
    "/admin/monitoring/report/weekly/",
    "/admin/events/deadletter/",
]

EVENTS = """
INSERT INTO events_event (type, source, key, digest, data, as_sent, subject, phone, status, request_id,
                          occurred_at, received_at, settled_at)
SELECT (ARRAY['lead.created', 'payment.received', 'service.completed', 'client.registered'])[1 + n %% 4],
       (ARRAY['site', 'financeiro', 'operacao', 'crm'])[1 + n %% 4], 'bench-' || n, md5(n::text),
       jsonb_build_object('name', 'Maria ' || family, 'phone', '5511987654321', 'city', 'Osasco'), '{}',
       'phone:' || n %% 100000, '',
       CASE WHEN n %% 200 = 0 THEN 'archived' ELSE 'processed' END, '', at, at, at
FROM generate_series(%(first)s, %(last)s) AS n,
     LATERAL (SELECT now() - interval '30 days' * (1 - n::float / %(all)s) AS at) AS moment,
     -- hundreds of names, as anywhere: of a few PostgreSQL does not know how many begin like one
     LATERAL (SELECT translate((n %% 400)::text, '0123456789', 'aeioubcdfg') || 'lva' AS family) AS called
"""
DELIVERIES = """
INSERT INTO events_delivery (event_id, step, service, subject, after, status, attempts, finished_at,
                             created_at)
SELECT event.id, step, service, event.subject, '', 'done', 1, event.received_at, event.received_at
FROM events_event AS event,
     (VALUES ('add_history', 'crm'), ('tell_client', 'whatsapp'), ('create_invoice', 'financeiro'))
         AS caused(step, service)
WHERE event.id > %(known)s
"""
ATTEMPTS = """
INSERT INTO events_attempt (delivery_id, started_at, duration_ms, outcome, status_code)
SELECT id, created_at, 5 + (id * 7919) %% 900, CASE WHEN id %% 50 = 0 THEN 'unavailable' ELSE 'done' END, 200
FROM events_delivery WHERE event_id > %(known)s
"""
OPEN = """
WITH open AS (
    UPDATE events_delivery SET status = 'dead', finished_at = NULL, error = 'crm answered 503'
    WHERE id IN (SELECT id FROM events_delivery
                 WHERE service = 'crm' AND status = 'done' ORDER BY id DESC LIMIT %(dead)s)
    RETURNING *
), letters AS (
    INSERT INTO events_deadletter
        (delivery_id, event_id, event_type, service, step, subject, kind, cause, reason)
    SELECT id, event_id, 'lead.created', service, step, subject, 'unavailable', 'max_retries_exceeded', error
    FROM open
), grouped AS (
    INSERT INTO events_failuregroup (service, step, cause)
    SELECT DISTINCT service, step, 'max_retries_exceeded' FROM open ON CONFLICT DO NOTHING
)
UPDATE events_event SET status = 'failed', settled_at = NULL WHERE id IN (SELECT event_id FROM open)
"""
RETRYING = """
UPDATE events_delivery SET status = 'queued', attempts = 2, due_at = now() + interval '10 minutes',
                           finished_at = NULL
WHERE id IN (SELECT id FROM events_delivery WHERE service = 'financeiro' ORDER BY id DESC LIMIT 200)
"""
SAMPLES = """
INSERT INTO monitoring_sample (at, pending, retrying, dead, held)
SELECT now() - n * interval '5 minutes', n %% 7, n %% 60, n %% 40, 0 FROM generate_series(1, 17280) AS n
"""
BATCH = 250_000


def main() -> int:
    options = _options()
    with database() as folder:
        os.environ |= {
            "VAR_DIR": str(folder),
            "DATABASE_URL": Server(folder).start(),
            "SECRET_KEY": "only measured, never served",
            "DJANGO_SETTINGS_MODULE": "carinho.settings",
            "DEMO": "0",
        }
        prepare()
        started = time.monotonic()
        fill(options.events)
        print(f"{options.events} events, {sizes()}; filled in {time.monotonic() - started:.0f} s.")
        slow = measured()
    print(f"Promise: {PROMISE_MS} ms. " + (f"Slower: {', '.join(slow)}." if slow else "All within it."))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pages", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="stored events (default: %(default)s)")
    return parser.parse_args()


@contextmanager
def database() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="carinho-pages-"))
    folder.chmod(0o755)  # PostgreSQL's own account has to reach its data
    (folder / "static").mkdir()  # what collectstatic makes
    server = Server(folder)
    try:
        yield folder
    finally:
        server.stop()
        shutil.rmtree(server.data, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def prepare() -> None:
    import django
    from django.core.management import call_command
    from django.core.signals import request_started

    django.setup()
    from monitoring import watcher

    request_started.disconnect(watcher.start_once)  # only what is measured works
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


def fill(events: int, dead: int = 40) -> None:
    """Events spread over a month, `dead` deliveries before a person; triggers count."""
    from django.db import connection

    add(1, events, total=events)
    with connection.cursor() as cursor:
        for statement in (OPEN, RETRYING, SAMPLES):
            cursor.execute(statement, {"dead": dead})
    settle()


def add(first: int, last: int, *, total: int) -> None:
    """The events of these numbers, in their place in the month of so many; each batch whole or not at all."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        for begin in range(first, last + 1, BATCH):
            with transaction.atomic():
                cursor.execute("SELECT coalesce(max(id), 0) FROM events_event")
                before = {"known": cursor.fetchone()[0]}
                end = min(begin + BATCH - 1, last)
                cursor.execute(EVENTS, {"first": begin, "last": end, "all": total})
                cursor.execute(DELIVERIES, before)
                cursor.execute(ATTEMPTS, before)


def settle() -> None:
    """As after days of the hub's own work: counts added up, tables vacuumed."""
    from django.db import connection

    from events import statistics

    statistics.fold()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def sizes() -> str:
    from django.db import connection

    tables = ("events_event", "events_delivery", "events_attempt", "events_hourlycount")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(t || ' ' || pg_size_pretty(pg_total_relation_size(t::regclass)), ', ')"
            " FROM unnest(%s::text[]) AS t",
            [list(tables)],
        )
        return str(cursor.fetchone()[0])


def measured() -> list[str]:
    """The addresses whose median is over the promise; each is told as soon as it is known."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.test.utils import override_settings

    from carinho.access import api_keys

    _, key = api_keys.create("bench", ["read"], actor="bench")
    person = User.objects.create_superuser("bench", password="bench")
    program, browser = Client(headers={"X-API-Key": key}), Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    asked = [(program, path) for path in KEY_PATHS] + [(browser, path) for path in PAGE_PATHS]
    with override_settings(ALLOWED_HOSTS=["*"], RATE_LIMIT_PEOPLE=1_000_000):
        return [path for client, path in asked if _told(path, timed(client, path)) > PROMISE_MS]


def timed(client: Any, path: str) -> list[float]:
    """Milliseconds of each call, sorted, after two that nobody counts."""
    took = []
    for _ in range(TIMES + 2):
        started = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}.")
    return sorted(took[2:])


def _told(path: str, took: list[float]) -> float:
    median = statistics.median(took)
    print(f"{path:40} {median:7.1f} ms, worst of {len(took)} {took[-1]:7.1f} ms")
    return median


if __name__ == "__main__":
    sys.exit(main())
