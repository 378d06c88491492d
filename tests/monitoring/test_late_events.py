"""A burst of old events is one line for a person, which leads to exactly its rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.access.roles import VIEWER
from events.intake import envelope, ingestion
from monitoring import health, metrics, snapshot
from tests.clients import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def arrive(number, age):
    body = {
        "type": "lead.updated",
        "id": f"old-{number}",
        "occurred_at": (timezone.now() - age).isoformat(),
        "data": {"lead_id": number + 1, "phone": "11987654321", "changes": {}},
    }
    ingestion.record([envelope.read(body, source="crm")])


def test_burst_of_old_events_is_one_line_that_leads_to_its_rows():
    for number in range(12):
        arrive(number, timedelta(days=5))
    arrive(99, timedelta(hours=23))
    assert metrics.late_events(timezone.now()) == {"crm": 12}
    found_by_rule = {item.rule.name: item for item in health.evaluate(snapshot.take_snapshot()).violations}
    found = found_by_rule["late_events"]
    assert found.observation.message.startswith("12 eventos de CRM chegaram com mais de um dia de atraso")
    page = logged_in(VIEWER).get(found.observation.url)
    assert page.context["cl"].result_count == 12
