"""What years of data cost: the same measures over a small and over a full database, side by side.

    python -m tests.proof.growth --events 1000000 --dead 100000

makes two databases of its own with the same rows of every kind, fills one of them (three deliveries and
attempts an event over a month, tests/bench/pages.py), and measures in both, in turns: claiming,
taking events in, rolling counts up, removing what is over, and each page, report, list and search. CPU is
that of this process and of its PostgreSQL session together: what others use does not count. With `--folder`
the databases are kept there, and a later run goes on filling where one ended.
"""

import argparse
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from carinho.embedded.postgres import Server
from tests import figures
from tests.bench import pages

SMALL = 2_000  # events of both databases: so many that every page has what it shows
PROMISE = 1.5  # times what it takes in the small one
ROUNDS = 3
NEAR, SURE = 1.3, 15  # from this ratio on so many rounds: what else the machine does moves it by a third
TAKEN_IN = 200  # events of one round
REMOVED = 1_000
FULL = "grown"  # the full database; the small one has its usual name
API_PATHS = ["/api/events", "/api/dlq", "/api/dlq/stats", "/api/retry-queue", "/api/whatsapp/messages"]
SEARCHES = ["Maria", "11960000007"]  # of nearly everybody, and of one person
SIZES = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname = ANY(
    ARRAY['events_event', 'events_delivery', 'events_attempt', 'whatsapp_sentmessage', 'events_hourlycount'])
"""
FILLED = "SELECT coalesce(max(substring(key FROM 7)::bigint), 0) FROM events_event WHERE key LIKE 'bench-%%'"
OPEN = "SELECT count(*) FROM events_deadletter WHERE status = 'open'"
# one statement builds an index over all rows in a fraction of what it costs to add them one by one
INDEXES = """
CREATE TABLE IF NOT EXISTS missing_index AS
SELECT index.relname::text AS name, pg_get_indexdef(index.oid) AS definition
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
WHERE indrelid = ANY('{events_event,events_delivery,events_attempt,whatsapp_sentmessage}'::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.oid)
"""
# what the hub's own triggers count is wanted; what foreign keys would check is right as it is written here
OWN_TRIGGERS = """
SELECT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname) FROM pg_trigger
WHERE NOT tgisinternal
  AND tgrelid = ANY('{events_event,events_delivery,events_attempt,whatsapp_sentmessage}'::regclass[])
"""


def main() -> int:
    options = _options()
    with _folder(options.folder) as folder:
        os.environ |= {
            "VAR_DIR": str(folder),
            "DATABASE_URL": Server(folder).start(),
            "SECRET_KEY": "only measured, never served",
            "DJANGO_SETTINGS_MODULE": "carinho.settings",
            "DEMO": "0",
        }
        pages.prepare()
        with _asked_without_limit():
            _begin()
            with _full():
                filled, size = _fill(options.events, options.dead), _query(SIZES)
            found = {**_engine(), **_pages(_addresses())}
    ratios = {name: many / few for name, (few, many) in found.items()}
    removing = found[f"removing {REMOVED} events"][1]
    taking = found[f"taking {TAKEN_IN} events in"][1]
    told = {
        "events": filled,
        "dead_letters": options.dead,
        "gb_per_million_events": round(size / filled / 1e3, 2),  # bytes an event are megabytes a million
        "taken_in_per_cpu_second": round(TAKEN_IN / taking * 1000),
        "counts_added_up_per_cpu_second": round(TAKEN_IN / found["adding counts up"][1] * 1000),
        "removed_per_cpu_second": round(REMOVED / removing * 1000),
        "pages_measured": sum(name.startswith("/") for name in found),
        "beyond_the_promise": sum(ratio > PROMISE for ratio in ratios.values()),
        "cpu_ms": {
            name: [*(round(value, 2) for value in pair), round(ratios[name], 2)]
            for name, pair in found.items()
        },
    }
    figures.write("growth", told)
    return 1 if told["beyond_the_promise"] else 0


@contextmanager
def _folder(given: str | None) -> Iterator[Path]:
    if not given:
        with pages.database() as folder:
            yield folder
        return
    folder = Path(given)
    (folder / "static").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # PostgreSQL's own account has to reach its data
    try:
        yield folder
    finally:
        Server(folder).stop()


@contextmanager
def _asked_without_limit() -> Iterator[None]:
    from django.test.utils import override_settings

    with override_settings(ALLOWED_HOSTS=["*"], RATE_LIMIT_PEOPLE=1_000_000):
        yield


def _begin() -> None:
    """Both databases with the same few rows of every kind."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    from events.models import CircuitBreaker
    from tests.console import every_page

    if User.objects.filter(username="growth"):
        with _full():  # as the small one, whose tables are those of this code by now
            call_command("migrate", verbosity=0)
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")  # as autovacuum has done by the time anybody looks
        return
    every_page.fill()
    CircuitBreaker.objects.update(state="closed", opened_at=None, outage_since=None, next_probe_at=None)
    pages.fill(SMALL)
    User.objects.create_superuser("growth", password="growth")
    name = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{FULL}" TEMPLATE "{name}"')


def _addresses() -> list[str]:
    """An address of each view that clicks lead to, and searches of each list that has them."""
    from django.contrib import admin
    from django.urls import reverse

    from tests.console import every_page

    def show(address: str) -> str:
        return str(browser.get(address, follow=True).content.decode())

    _program, browser = _callers()
    met = [address for address, _view, _page in every_page.walk(show)]
    lists = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model, shown in admin.site._registry.items()
        if shown.search_fields
    ]
    searched = [f"{address}?q={text}" for address in lists for text in SEARCHES]
    return list(dict.fromkeys([*pages.PAGE_PATHS, *met, *searched]))


@contextmanager
def _full() -> Iterator[None]:
    """All that asks the database within asks the full one; each has one connection, which stays."""
    from django.db import DEFAULT_DB_ALIAS, connections

    small = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = _connection_of_full()
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = small


@cache
def _connection_of_full() -> Any:
    from django.db import DEFAULT_DB_ALIAS, connections

    made = connections.create_connection(DEFAULT_DB_ALIAS)
    made.settings_dict = made.settings_dict | {"NAME": FULL}
    return made


def _fill(events: int, dead: int) -> int:
    """How many there are in the end."""
    from django.db import connection

    began, known = time.monotonic(), _query(FILLED)
    if known < events:
        with connection.cursor() as cursor:
            cursor.execute(INDEXES)
            cursor.execute("SELECT name FROM missing_index")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP INDEX IF EXISTS "{name}"')
            cursor.execute(OWN_TRIGGERS)
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)
            cursor.execute("SET session_replication_role = replica")
        for first in range(known + 1, events + 1, pages.BATCH):
            pages.add(first, min(first + pages.BATCH - 1, events), total=events)
            print(f"{time.monotonic() - began:6.0f} s  {first}", file=sys.stderr, flush=True)
    with connection.cursor() as cursor:
        cursor.execute("RESET session_replication_role")
        cursor.execute("SELECT to_regclass('missing_index')")
        if cursor.fetchone()[0]:
            _build_indexes(cursor)
        if (missing := dead - _query(OPEN)) > 0 or known < events:
            cursor.execute(pages.OPEN, {"dead": max(0, missing)})
            pages.settle()
            print(f"{time.monotonic() - began:6.0f} s  filled", file=sys.stderr, flush=True)
    return _query(FILLED)


def _build_indexes(cursor: Any) -> None:
    cursor.execute("SET maintenance_work_mem = '1GB'")
    cursor.execute("SELECT definition FROM missing_index")
    for (definition,) in cursor.fetchall():
        cursor.execute(definition.replace(" INDEX ", " INDEX IF NOT EXISTS ", 1))
    cursor.execute("DROP TABLE missing_index")


def _query(statement: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _both(
    name: str, work: Callable[[], object], *, before: Callable[[], object] = lambda: None
) -> tuple[float, float]:
    """Median CPU milliseconds in the small database and in the full one; more rounds where it matters.

    In turns: what the machine does beside it, which comes and goes, makes both slower.
    """
    few = many = 0.0
    for rounds in (ROUNDS, SURE):
        in_small, in_full = [], []
        for _ in range(rounds + 1):
            in_small.append(_cpu_ms(work, before))
            with _full():
                in_full.append(_cpu_ms(work, before))
        few, many = (statistics.median(took[1:]) for took in (in_small, in_full))  # the first plans
        if many / few <= NEAR:
            break
    mark = "" if many / few <= PROMISE else "✗"
    print(f"{name:64} {few:9.2f} → {many:9.2f} ms CPU  x{many / few:5.2f} {mark}", flush=True)
    return few, many


def _engine() -> dict[str, tuple[float, float]]:
    from django.db import connection, transaction

    from events import retention
    from events import statistics as counts
    from events.engine import transitions

    def claim() -> None:
        with transaction.atomic():
            assert len(transitions.claim("operacao", 32)) == 32
            transaction.set_rollback(True)

    def remove() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE events_event SET received_at = now() - interval '400 days' WHERE id IN"
                    " (SELECT id FROM events_event WHERE status = 'processed' ORDER BY id LIMIT %s)",
                    [REMOVED],
                )
            assert retention.prune_events(retention.PROCESSED) == REMOVED
            transaction.set_rollback(True)

    measures: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        f"taking {TAKEN_IN} events in": (_take_in, lambda: None),
        "claiming 32 deliveries": (claim, lambda: None),
        "adding counts up": (counts.fold, _take_in),
        f"removing {REMOVED} events": (remove, lambda: None),
    }
    return {name: _both(name, work, before=before) for name, (work, before) in measures.items()}


_numbers = itertools.count(time.time_ns() // 1_000_000)  # of no earlier run


def _take_in() -> None:
    from events.intake import envelope, ingestion

    ingestion.record(
        [
            envelope.read(
                {
                    "type": "payment.received",
                    "id": f"growth-{number}",
                    "data": {
                        "payment_id": number,
                        "invoice_id": number,
                        "client_id": 1 + number % 5_000,
                        "client_phone": str(11_960_000_000 + number % 5_000),
                        "amount": "450.00",
                        "paid_at": "2026-01-23T10:30:00-03:00",
                    },
                },
                source="financeiro",
            )
            for number in (next(_numbers) for _ in range(TAKEN_IN))
        ]
    )


def _pages(addresses: list[str]) -> dict[str, tuple[float, float]]:
    from django.db import connection

    few = connection.settings_dict["NAME"]
    callers = {few: _callers()}
    with _full():
        callers[FULL] = _callers()
    asked = [(0, path) for path in [*pages.KEY_PATHS, *API_PATHS]] + [(1, path) for path in addresses]
    found = {}
    for which, path in asked:

        def ask() -> str:
            answer = callers[connection.settings_dict["NAME"]][which].get(path, follow=True)  # noqa: B023
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}.")  # noqa: B023
            return str(answer.request["PATH_INFO"])

        shown = ask()
        with _full():
            is_the_same = ask() == shown
        if is_the_same:  # else it is the page of a row that only one of them has
            found[path] = _both(path, ask)
    return found


def _callers() -> tuple[Any, Any]:
    """A program with a key of this database, and a browser in which somebody has logged in to it."""
    from django.contrib.auth.models import User
    from django.test import Client

    from carinho.access import api_keys

    _, key = api_keys.create(f"growth {time.time()}", ["read"], actor="growth")
    program, browser = Client(headers={"X-API-Key": key}), Client()
    person = User.objects.get(username="growth")
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return program, browser


def _cpu_ms(work: Callable[[], object], before: Callable[[], object]) -> float:
    before()
    with _cpu() as spent:
        work()
    return spent[0] * 1000


@contextmanager
def _cpu() -> Iterator[list[float]]:
    """CPU seconds of this process and of its session in PostgreSQL."""
    from django.db import connection

    connection.ensure_connection()
    session = psutil.Process(connection.connection.info.backend_pid)
    spent: list[float] = []
    own, theirs = time.process_time(), _of(session)
    yield spent
    connection.ensure_connection()
    spent.append(time.process_time() - own + _of(session) - theirs)


def _of(process: psutil.Process) -> float:
    """In nanoseconds where Linux says so: its own clock ticks are ten milliseconds."""
    try:
        with open(f"/proc/{process.pid}/schedstat") as file:  # noqa: PTH123
            return int(file.read().split()[0]) / 1e9
    except OSError:
        times = process.cpu_times()
        return float(times.user + times.system)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.growth", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="stored events (default: %(default)s)")
    parser.add_argument("--dead", type=int, default=100_000, help="open dead letters (default: %(default)s)")
    parser.add_argument("--folder", help="where the databases are kept for another run (default: nowhere)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
