"""The guide's section 7: breakers seen and reset, systems paused and resumed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.access.models import AuditEntry
from events.models import CircuitBreaker
from tests.clients import logged_in, with_key
from tests.events.api.test_events import store

pytestmark = pytest.mark.django_db

KEYS = {"state", "failure_count", "opened_at", "next_trial_at", "held", "last_error", "paused"}


@pytest.fixture
def operator():
    return with_key("read", "operate", name="turno")


def open_crm():
    now = timezone.now()
    CircuitBreaker.objects.filter(service="crm").update(
        state="open",
        failure_count=5,
        opened_at=now,
        outage_since=now,
        next_probe_at=now + timedelta(minutes=1),
        last_error="Connection timeout",
    )


def test_every_system_is_listed_with_the_keys_of_the_guide(operator, settings, django_assert_num_queries):
    operator.get("/api/dlq")
    with django_assert_num_queries(4):  # key, rate, breakers twice: nothing is held, nothing is counted
        services = operator.get("/circuit-breakers").json()["services"]
    assert set(services) >= set(settings.LANES)
    assert all(set(row) == KEYS for row in services.values())
    assert (services["crm"]["state"], services["crm"]["failure_count"], services["crm"]["held"]) == (
        "closed",
        0,
        0,
    )


def test_open_circuit_shows_since_when_until_when_why_and_how_many_wait(operator):
    for number in range(3):
        store(number)
    open_crm()
    crm = operator.get("/circuit-breakers").json()["services"]["crm"]
    assert (crm["state"], crm["held"], crm["last_error"]) == ("open", 3, "Connection timeout")
    assert crm["opened_at"].endswith("-03:00")
    assert crm["next_trial_at"] > crm["opened_at"]


def test_reset_answers_as_the_guide_says(operator):
    open_crm()
    response = operator.post("/circuit-breakers/crm/reset")
    answer = response.json()
    assert response.status_code == 200
    assert answer["message"] == "Circuit breaker for crm has been reset"
    assert (answer["status"]["state"], answer["status"]["failure_count"]) == ("closed", 0)
    assert AuditEntry.objects.get(action="breaker.reset").actor == "key:turno"


def test_paused_system_holds_until_it_is_resumed(operator):
    store(1)
    body = {"reason": "manutenção"}
    paused = operator.post("/circuit-breakers/crm/pause", body, content_type="application/json").json()
    assert (paused["status"]["paused"], paused["status"]["held"], paused["status"]["state"]) == (
        True,
        1,
        "closed",
    )
    assert CircuitBreaker.objects.get(service="crm").pause_reason == "manutenção"
    resumed = operator.post("/circuit-breakers/crm/resume").json()
    assert (resumed["status"]["paused"], resumed["status"]["held"]) == (False, 0)


@pytest.mark.parametrize("action", ["reset", "pause", "resume"])
def test_unknown_system_is_404(operator, action):
    response = operator.post(f"/circuit-breakers/correio/{action}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_browser_is_led_to_the_page_of_the_systems():
    response = logged_in("Visualizador").get("/circuit-breakers", headers={"Accept": "text/html"})
    assert (response.status_code, response["Location"]) == (302, "/admin/events/circuitbreaker/")
