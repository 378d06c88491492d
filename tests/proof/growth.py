"""What years of data cost: the same measures over a small and over a full database, side by side.

    python -m tests.proof.growth --events 5000000 --dead 100000

fills a database of its own (three deliveries and attempts an event over a month, tests/bench/pages.py) and
measures before and after: claiming, taking events in, rolling counts up, removing what is over, and each list
and page. CPU is that of this process and of its PostgreSQL session together: what others use does not count.
"""

import argparse
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from carinho.embedded.postgres import Server
from tests import figures
from tests.bench import pages

SMALL = 2_000  # events of the small database: so many that every page has what it shows
PROMISE = 1.5  # times what it takes in the small one
ROUNDS = 7
TAKEN_IN = 200  # events of one round
REMOVED = 1_000
LIST_PATHS = [
    "/admin/events/event/",
    "/admin/events/event/?q=Maria",
    "/admin/events/delivery/",
    "/admin/events/failuregroup/",
    "/admin/events/circuitbreaker/",
    "/admin/whatsapp/sentmessage/",
    "/admin/access/auditentry/",
]
API_PATHS = ["/api/events", "/api/dlq", "/api/dlq/stats", "/api/retry-queue", "/api/whatsapp/messages"]
SIZES = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname = ANY(
    ARRAY['events_event', 'events_delivery', 'events_attempt', 'whatsapp_sentmessage', 'events_hourlycount'])
"""


def main() -> int:
    options = _options()
    with pages.database() as folder:
        os.environ |= {
            "VAR_DIR": str(folder),
            "DATABASE_URL": Server(folder).start(),
            "SECRET_KEY": "only measured, never served",
            "DJANGO_SETTINGS_MODULE": "carinho.settings",
            "DEMO": "0",
        }
        pages.prepare()
        pages.fill(SMALL)
        small = measured()
        before = _bytes()
        began = time.monotonic()
        pages.fill(options.events, options.dead, known=SMALL)
        filled = time.monotonic() - began
        per_million = (
            (_bytes() - before) / options.events / 1e3
        )  # bytes an event are megabytes a million, by 1
        large = measured()
    rows = {name: (small[name], large[name], large[name] / small[name]) for name in small}
    for name, (few, many, ratio) in rows.items():
        print(f"{name:44} {few:9.2f} → {many:9.2f} ms CPU  x{ratio:5.2f} {'' if ratio <= PROMISE else '✗'}")
    print(
        f"\n{options.events} events filled in {filled:.0f} s; {per_million:.2f} GB of disk per million events"
    )
    figures.write(
        "growth",
        {
            "events": options.events,
            "dead_letters": options.dead,
            "gb_per_million_events": round(per_million, 2),
            "cpu_ms": {name: [round(value, 2) for value in row] for name, row in rows.items()},
        },
    )
    return 0


def measured() -> dict[str, float]:
    """Median CPU milliseconds of each."""
    return {**_engine(), **_pages()}


def _engine() -> dict[str, float]:
    from django.db import connection, transaction

    from events import retention
    from events import statistics as counts
    from events.engine import transitions

    def claim() -> None:
        with transaction.atomic():
            transitions.claim("crm", 32)
            transaction.set_rollback(True)

    def remove() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE events_event SET received_at = now() - interval '400 days' WHERE id IN"
                    " (SELECT id FROM events_event WHERE status = 'processed' ORDER BY id LIMIT %s)",
                    [REMOVED],
                )
            retention.prune_events(retention.PROCESSED)
            transaction.set_rollback(True)

    _take_in()
    found = {f"taking {TAKEN_IN} events in": _cpu_ms(_take_in)}
    found["claiming 32 deliveries"] = _cpu_ms(claim)
    found["adding counts up"] = _cpu_ms(counts.fold, before=_take_in)
    found[f"removing {REMOVED} events"] = _cpu_ms(remove, rounds=3)
    return found


_numbers = itertools.count(1)


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


def _pages() -> dict[str, float]:
    from django.contrib.auth.models import User
    from django.test import Client
    from django.test.utils import override_settings

    from carinho.access import api_keys

    User.objects.filter(username="growth").delete()
    person = User.objects.create_superuser("growth", password="growth")
    _, key = api_keys.create(f"growth {time.time()}", ["read"], actor="growth")
    program, browser = Client(headers={"X-API-Key": key}), Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    asked: list[tuple[Any, str]] = [(program, path) for path in [*pages.KEY_PATHS, *API_PATHS]]
    asked += [(browser, path) for path in [*pages.PAGE_PATHS, *LIST_PATHS]]
    found = {}
    with override_settings(ALLOWED_HOSTS=["*"], RATE_LIMIT_PEOPLE=1_000_000):
        for client, path in asked:
            answer = client.get(path)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}.")
            found[path] = _cpu_ms(lambda: client.get(path))  # noqa: B023 -- called at once
    return found


def _cpu_ms(
    work: Callable[[], object], rounds: int = ROUNDS, before: Callable[[], object] = lambda: None
) -> float:
    work()
    took = []
    for _ in range(rounds):
        before()
        with _cpu() as spent:
            work()
        took.append(spent[0] * 1000)
    return statistics.median(took)


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


def _bytes() -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return float(cursor.fetchone()[0])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.growth", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="stored events (default: %(default)s)")
    parser.add_argument("--dead", type=int, default=20_000, help="open dead letters (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
