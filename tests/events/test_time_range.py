"""GET /api/events over a table that grew: what a page reads does not grow with it."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events import time_range
from events.models import Event
from tests.clients import with_key
from tests.events.api.test_events import ids

pytestmark = pytest.mark.django_db

MANY, WINDOW, SLACK = 10_000, 300, 100
FEW = WINDOW + SLACK + 60  # rows

GROW = """
INSERT INTO events_event (type, source, key, digest, data, as_sent, subject, phone, request_id, status,
                          occurred_at, received_at)
SELECT 'lead.created', 'site', n, '', '{}', '{}', 'phone:' || n, '', '',
       CASE WHEN n = 1 THEN 'archived' ELSE 'processed' END, now(), now() - (%s - n) * interval '1 minute'
FROM generate_series(1, %s) AS n ORDER BY n
"""


@pytest.fixture
def reader(monkeypatch):
    monkeypatch.setattr(time_range, "NEWEST", WINDOW)
    monkeypatch.setattr(time_range, "OUT_OF_STEP", SLACK)
    return with_key("read")


@pytest.fixture
def grown():
    """As many minutes as events, the last one now; only the first event was archived."""
    with connection.cursor() as cursor:
        cursor.execute(GROW, [MANY, MANY])
        cursor.execute("ANALYZE events_event")


@dataclass(frozen=True)
class Ago:
    """Some minutes before the test runs: a moment taken when it is collected would be off by then."""

    minutes: float

    def moment(self):
        return (timezone.now() - timedelta(minutes=self.minutes)).isoformat()


def read_now(query):
    return {name: value.moment() if isinstance(value, Ago) else value for name, value in query.items()}


def rows_read(node):
    """The rows that a plan's scans looked at, those that did not match included."""
    inner = sum(rows_read(part) for part in node.get("Plans", []))
    here = 0 if "Plans" in node else node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return inner + here * node["Actual Loops"]


def explain(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        (plan,) = cursor.fetchone()
    return rows_read((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 50),
        ({"status": "archived"}, 1),
        ({"status": "failed"}, 0),
        ({"source": "crm"}, 0),
        ({"type": "client.updated", "status": "processed"}, 0),
        ({"type": "lead.created", "status": "archived"}, 0),
        ({"type": "lead.created", "status": "archived", "until": Ago(MANY - 20)}, 1),
        ({"type": "lead.created", "subject": "phone:7"}, 1),
        ({"until": Ago(MANY // 2)}, 50),
        ({"until": Ago(MANY // 2), "source": "site"}, 50),
        ({"since": Ago(9.5)}, 10),
        ({"since": Ago(MANY // 2), "until": Ago(MANY // 2 - 20)}, 20),
        ({"since": Ago(MANY // 2), "status": "failed"}, 0),
        ({"since": Ago(-60)}, 0),
        ({"until": Ago(MANY * 2), "source": "crm"}, 0),
    ],
)
def test_page_reads_few_rows_whatever_is_asked(reader, grown, query, found):
    with CaptureQueriesContext(connection) as seen:
        response = reader.get("/api/events", read_now(query))
    assert len(ids(response)) == found
    about_events = [row["sql"] for row in seen.captured_queries if 'FROM "events_event"' in str(row["sql"])]
    assert sum(explain(sql) for sql in about_events) <= FEW


def test_event_whose_id_is_out_of_step_with_its_arrival_is_found(reader, grown):
    early, late = Event.objects.order_by("pk")[MANY // 2 : MANY // 2 + 41 : 40]
    Event.objects.filter(pk=early.pk).update(received_at=late.received_at + timedelta(seconds=30))
    end = late.received_at + timedelta(minutes=1)
    query = {"since": late.received_at.isoformat(), "until": end.isoformat()}
    assert ids(reader.get("/api/events", query)) == [late.pk, early.pk]
