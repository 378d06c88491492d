"""What the runbook's lines read, as it reads them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho import health
from events.models import DeadLetter, Delivery, Event
from sync.models import SyncJob, SyncRun
from tests.clients import with_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker(monkeypatch):
    monkeypatch.setattr(health.broker, "answers", lambda: True)


@pytest.fixture
def reader():
    return with_key("read", "operate", "events")


def get(client, path):
    response = client.get(path)
    assert response.status_code == 200, response.content
    return response.json()


def test_health_says_when(client):
    answer = get(client, "/health")
    assert (answer["status"], set(answer)) == ("ok", {"status", "timestamp"})


def test_detailed_health_has_latency_and_queues(reader, client):
    checks = get(reader, "/health/detailed")["checks"]
    assert checks["database"]["latency_ms"] >= 0
    assert checks["queues"]["sizes"]["notifications"] == 0
    assert client.get("/health/detailed").status_code == 401


def test_detailed_health_is_503_while_the_broker_is_away(reader, monkeypatch):
    monkeypatch.setattr(health.broker, "answers", lambda: False)
    response = reader.get("/health/detailed")
    assert (response.status_code, response.json()["checks"]["redis"]["status"]) == (503, "unavailable")


def test_due_messages_are_the_queue_of_notifications(reader):
    body = {"type": "lead.created", "source": "site", "data": {"name": "Ana", "phone": "11987654321"}}
    assert reader.post("/api/events", body, content_type="application/json").status_code == 202
    Delivery.objects.filter(status="queued").update(due_at=timezone.now() - timedelta(minutes=1))
    sizes = get(reader, "/health/detailed")["checks"]["queues"]["sizes"]
    assert (sizes["notifications"], sizes["integrations"]) == (1, 1)
    assert get(reader, "/dashboard")["events"]["by_source"] == {"site": 1}
    assert get(reader, "/api/events/stats") == {
        "pending_events": 1,
        "retry_queue": 0,
        "dead_letter": 0,
        "today": {"processed": 0, "failed": 0},
    }


def test_status_has_the_runs_of_today(reader):
    job, _made = SyncJob.objects.get_or_create(name="sync.crm_operacao")
    for status in ("done", "failed"):
        SyncRun.objects.create(job=job, status=status, finished_at=timezone.now(), author="beat")
    answer = get(reader, "/status")
    assert answer["sync_jobs"] == {"queued": 0, "running": 0, "completed_today": 1, "failed_today": 1}
    assert get(reader, "/api/sync/stats") == answer["sync_jobs"]
    assert answer["dead_letter"] == {"total": 0, "last_24h": 0, "last_7d": 0}
    assert {"timestamp", "events", "retry_queue", "circuit_breakers", "services"} <= set(answer)


def test_dashboard_keeps_its_keys_and_has_the_old_ones(reader):
    answer = get(reader, "/dashboard")
    assert answer["health"]["status"] == answer["status"]
    assert answer["dependencies"]["database"] == "ok"
    assert set(answer["alerts"]) == {"total", "critical"}
    assert answer["health"]["critical_alerts"] == answer["alerts"]["critical"]


def test_horizon_leads_to_the_console(client):
    assert client.get("/horizon").headers["Location"] == "/admin/"


@pytest.fixture
def dead_letter(reader):
    body = {"type": "lead.created", "source": "site", "data": {"name": "Ana", "phone": "11987654321"}}
    reader.post("/api/events", body, content_type="application/json")
    delivery = Event.objects.get().deliveries.get(step="register_lead")
    delivery.status, delivery.due_at = "dead", None
    delivery.save()
    return DeadLetter.objects.create(
        delivery=delivery,
        event=delivery.event,
        event_type="lead.created",
        service="crm",
        step="register_lead",
        kind="rejected",
        cause="invalid_data",
        reason="Invalid",
    )


def test_failed_deliveries_of_an_event_are_retried_by_its_number(reader, dead_letter):
    path = f"/api/events/{dead_letter.event_id}/retry"
    assert reader.post(path).json() == {"message": "Event queued for retry", "event_id": dead_letter.event_id}
    assert reader.post(path).json()["code"] == "nothing_failed"
    assert reader.post("/api/events/999999/retry").status_code == 404


def test_all_items_are_retried_up_to_a_limit(reader, dead_letter):
    answer = reader.post("/api/dlq/retry-all", {"limit": 10}, content_type="application/json").json()
    assert (answer["retried"], answer["total"]) == (1, 1)
    assert reader.post("/api/dlq/retry-all", {"limit": 0}, content_type="application/json").status_code == 422


def test_to_delete_an_item_is_to_archive_it(reader, dead_letter):
    assert reader.delete(f"/api/dlq/{dead_letter.pk}").json()["message"] == "Item archived"
    assert reader.delete(f"/api/dlq/{dead_letter.pk}").status_code == 409
    assert DeadLetter.objects.get().status == "archived"
    assert with_key("read", name="leitor").delete(f"/api/dlq/{dead_letter.pk}").status_code == 403


def test_items_are_narrowed_to_the_last_days_and_counted(reader, dead_letter):
    DeadLetter.objects.update(created_at=timezone.now() - timedelta(days=3))
    assert get(reader, "/api/dlq?days=2")["data"] == []
    assert len(get(reader, "/api/dlq?days=4")["data"]) == 1
    stats = get(reader, "/api/dlq/stats")
    assert (stats["total"], stats["last_24h"], stats["last_7d"]) == (1, 0, 1)


def test_events_are_narrowed_by_from_and_to(reader, dead_letter):
    soon = (timezone.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert get(reader, f"/api/events?from={soon}")["data"] == []
    assert len(get(reader, f"/api/events?to={soon}")["data"]) == 1


@pytest.mark.parametrize(("type", "runs"), [("full", 4), ("crm_operacao", 1)])
def test_synchronisations_start_by_their_short_names(reader, type, runs):
    response = reader.post("/api/sync/start", {"type": type}, content_type="application/json")
    assert (response.status_code, len(response.json()["run_ids"])) == (202, runs)
    again = reader.post("/api/sync/start", {"type": type}, content_type="application/json")
    assert again.status_code == 409


def test_synchronisation_nobody_knows_is_422(reader):
    assert reader.post("/api/sync/start", {"type": "x"}, content_type="application/json").status_code == 422
