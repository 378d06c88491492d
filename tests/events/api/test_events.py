"""GET /api/events and /api/retry-queue."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.access.models import AuditEntry
from events.intake import envelope, ingestion
from events.models import Attempt, Delivery, Event
from tests.clients import with_key

pytestmark = pytest.mark.django_db

PHONE = "5511987654321"


@pytest.fixture
def reader():
    return with_key("read")


def store(number, source="site", type="lead.created", **data):
    body = {"type": type, "id": f"{source}-{number}", "data": {"name": "Maria Teste", "phone": PHONE} | data}
    return Event.objects.get(pk=ingestion.record([envelope.read(body, source=source)])[0].event_id)


def ids(response):
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["data"]]


def test_pages_come_newest_first_and_miss_nothing_when_events_arrive_between_them(reader):
    made = [store(number).pk for number in range(5)]
    first = reader.get("/api/events?limit=2")
    store(99)
    second = reader.get("/api/events", {"limit": 2, "cursor": first.json()["next_cursor"]})
    third = reader.get("/api/events", {"limit": 2, "cursor": second.json()["next_cursor"]})
    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert third.json()["next_cursor"] is None


def test_page_has_fifty_rows_unless_asked(reader):
    for number in range(51):
        store(number)
    assert len(ids(reader.get("/api/events"))) == 50
    assert len(ids(reader.get("/api/events?limit=200"))) == 51


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=muitos", "limit"),
        ("limit=²", "limit"),
        ("cursor=abc", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=99999999999999999999", "cursor"),
        ("status=unknown", "status"),
        ("since=ontem", "since"),
        ("until=2026-13-01", "until"),
        ("type=a%00b", "type"),
    ],
)
def test_wrong_parameter_is_named_in_portuguese(reader, query, field):
    response = reader.get(f"/api/events?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_data")
    assert set(response.json()["fields"]) == {field}
    assert response.json()["detail"] == f"Há campos errados: {field}."


def test_filters_narrow_the_list(reader):
    lead, other = store(1), store(2, source="api", phone="11912345678")
    Event.objects.filter(pk=other.pk).update(status="failed", received_at=timezone.now() - timedelta(days=2))
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    for query, found in [
        ({"type": "lead.created"}, [other.pk, lead.pk]),
        ({"type": "client.updated"}, []),
        ({"source": "api"}, [other.pk]),
        ({"status": "failed"}, [other.pk]),
        ({"subject": f"phone:{PHONE}"}, [lead.pk]),
        ({"since": yesterday}, [lead.pk]),
        ({"until": yesterday}, [other.pk]),
        ({"since": yesterday, "source": "api"}, []),
    ]:
        assert ids(reader.get("/api/events", query)) == found, query


def test_reader_sees_nobodys_phone_or_name(reader):
    event = store(1)
    assert PHONE not in reader.get("/api/events").content.decode()
    detail = reader.get(f"/api/events/{event.pk}").content.decode()
    assert PHONE not in detail
    assert "Maria Teste" not in detail
    assert not AuditEntry.objects.filter(action="person.revealed").exists()


def test_phone_in_the_senders_key_is_for_those_who_also_operate(reader):
    event = store(PHONE)
    assert reader.get(f"/api/events/{event.pk}").json()["key"] == "site-+55 11 9••••-4321"
    shown = with_key("read", "operate", name="suporte").get(f"/api/events/{event.pk}").json()
    assert shown["key"] == f"site-{PHONE}"


def test_who_also_operates_sees_them_and_the_trail_says_so():
    event = store(1)
    client = with_key("read", "operate", name="suporte")
    assert PHONE not in client.get("/api/events").content.decode()
    shown = client.get(f"/api/events/{event.pk}").json()
    assert (shown["data"]["phone"], shown["subject"]) == (PHONE, f"phone:{PHONE}")
    entry = AuditEntry.objects.get(action="person.revealed")
    assert (entry.actor, entry.target) == ("key:suporte", f"event {event.pk}")


def test_one_event_comes_with_deliveries_and_attempts_in_few_statements(reader, django_assert_num_queries):
    event = store(1, utm={"campaign": "maio"})
    for delivery in event.deliveries.all():
        for _ in range(3):
            Attempt.objects.create(
                delivery=delivery, started_at=timezone.now(), duration_ms=7, outcome="unavailable"
            )
    reader.get("/api/events")
    with django_assert_num_queries(5):  # key, rate, event, deliveries, attempts
        shown = reader.get(f"/api/events/{event.pk}").json()
    assert {row["step"]: len(row["attempt_log"]) for row in shown["deliveries"]} == {
        "register_lead": 3,
        "send_welcome": 3,
        "attribute_campaign": 3,
    }
    assert shown["received_at"].endswith("-03:00")


@pytest.mark.parametrize("id", [1, 10**30])
def test_event_nobody_knows_is_404(reader, id):
    response = reader.get(f"/api/events/{id}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_list_costs_the_same_for_one_and_for_many(reader, django_assert_num_queries):
    for number in range(30):
        store(number)
    reader.get("/api/events")
    with django_assert_num_queries(3):  # key, rate, list
        reader.get("/api/events")


def test_retry_queue_shows_what_failed_and_when_it_is_tried_again(reader, django_assert_num_queries):
    deliveries = [store(number).deliveries.get(step="register_lead") for number in range(5)]
    due_at = timezone.now() + timedelta(minutes=4)
    Delivery.objects.filter(pk__in=[row.pk for row in deliveries[1:]]).update(
        attempts=2, due_at=due_at, error="Failed to create lead in CRM: Connection timeout"
    )
    reader.get("/api/events")
    with django_assert_num_queries(3):
        response = reader.get("/api/retry-queue?service=crm")
    assert ids(response) == [row.pk for row in deliveries[:0:-1]]
    shown = response.json()["data"][0]
    assert (shown["attempts"], shown["step"], shown["event_type"]) == (2, "register_lead", "lead.created")
    assert ids(reader.get("/api/retry-queue?service=whatsapp")) == []


def test_event_names_the_one_that_caused_it_under_both_keys(reader):
    cause = store(1)
    effect = store(2)
    Event.objects.filter(pk=effect.pk).update(caused_by=cause)
    for shown in (reader.get("/api/events").json()["data"][0], reader.get(f"/api/events/{effect.pk}").json()):
        assert (shown["caused_by"], shown["caused_by_id"]) == (cause.pk, cause.pk)
    assert reader.get(f"/api/events/{cause.pk}").json()["caused_by"] is None
