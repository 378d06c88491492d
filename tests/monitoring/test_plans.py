"""No page or endpoint of monitoring reads a table that grows as a whole.

Each statement that an address makes is explained over a filled database, and the rows that its plan really
read from the growing tables are counted: that depends on plans and indexes, never on how fast the machine is.
"""

import json
import re

import pytest
from django.db import connection
from django.test import Client

from monitoring import heartbeats
from tests.bench import pages
from tests.clients import logged_in, with_key

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = 6_000
MOST_READ = 1_000  # rows per statement; 240 are open
GROWING = {"events_event", "events_delivery", "events_attempt", "events_deadletter", "whatsapp_sentmessage"}
WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b")
BROWSED = [
    *pages.PAGE_PATHS,
    "/admin/monitoring/round/?kind=morning",
    "/admin/monitoring/round/?kind=evening",
    "/admin/events/circuitbreaker/",
    "/admin/events/circuitbreaker/held/",
]


def statements(client: Client, path: str) -> list[tuple[str, object]]:
    """What the address asks the database."""
    asked = []

    def keep(execute, sql, params, many, context):
        if sql.lstrip().startswith(("SELECT", "WITH")) and not WRITES.search(sql):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        assert client.get(path).status_code == 200
    return asked


def read(node: dict) -> int:
    """The rows of growing tables that a plan and what it is made of looked at."""
    below = sum(read(child) for child in node.get("Plans", []))
    if node.get("Relation Name") not in GROWING:
        return below
    looked = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return below + round(looked * node["Actual Loops"])


def explained(sql: str, params: object) -> dict:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        (answer,) = cursor.fetchone()
    return (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]


def test_no_address_reads_a_growing_table_whole():
    pages.fill(EVENTS)
    for part in heartbeats.PARTS:
        heartbeats.beat(part)
    program, browser = with_key("read"), logged_in("Administrador")
    asked = [(program, path) for path in pages.KEY_PATHS] + [(browser, path) for path in BROWSED]
    greedy = [
        (path, amount, sql)
        for client, path in asked
        for sql, params in statements(client, path)
        if (amount := read(explained(sql, params))) > MOST_READ
    ]
    assert not greedy


def test_a_statement_that_reads_everything_is_noticed():
    pages.fill(EVENTS)
    assert read(explained("SELECT count(*) FROM events_event WHERE digest <> ''", None)) == EVENTS
