"""The guide's addresses and keys, literally."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import dead_letter_counts, recipes
from events.engine import transitions
from events.models import CircuitBreaker, Delivery, Event, FailureGroup
from monitoring import alerts, metrics, periods, snapshot
from tests.clients import logged_in, with_key
from tests.console import rows
from whatsapp import connection
from whatsapp.models import Connection

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alive")]
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def api():
    return with_key("read")


def finish(event):
    event.deliveries.update(status="done", due_at=None, attempts=1, finished_at=timezone.now())
    transitions.update_event_status([event.pk])


def test_dashboard_of_a_quiet_hub_says_healthy(api):
    answer = api.get("/dashboard").json()
    assert answer["status"] == "healthy"
    assert answer["reasons"] == []
    assert answer["events"] == {
        "pending": 0,
        "today": {"total": 0, "processed": 0, "failed": 0, "archived": 0},
        "by_type": {},
        "by_source": {},
    }
    assert answer["queues"]["retry_queue"] == {"total": 0, "ready": 0, "oldest": None}
    assert answer["queues"]["dead_letter"] == {"total": 0, "today": 0, "by_cause": {}}
    assert answer["deliveries"]["today"] == {"total": 0, "success": 0, "failed": 0}
    assert answer["alerts"] == {"total": 0, "critical": 0}
    assert answer["whatsapp"]["connected"] is True
    assert set(answer) >= {"timestamp", "sync", "circuit_breakers"}
    assert answer["timestamp"].endswith("-03:00")


def test_dashboard_counts_what_happened_today(api):
    finish(rows.lead())
    rows.lead()
    letter = rows.dead_letter()
    rows.retrying()
    answer = api.get("/dashboard").json()
    assert answer["events"]["today"] == {"total": 4, "processed": 1, "failed": 1, "archived": 0}
    assert answer["events"]["pending"] == Event.objects.filter(status="pending").count()
    assert answer["events"]["by_type"] == {"lead.created": 4}
    assert answer["queues"]["retry_queue"]["total"] == 1
    assert answer["queues"]["dead_letter"] == {"total": 1, "today": 1, "by_cause": {letter.cause: 1}}


def test_reason_is_a_sentence_with_a_page_that_shows_its_rows(api):
    for _ in range(10):
        rows.dead_letter()
    reasons = api.get("/dashboard").json()["reasons"]
    reason = next(reason for reason in reasons if reason["rule"] == "dead_letters")
    assert reason["message"] == "CRM · O sistema não respondeu a tempo: 10 itens de 1 pessoa."
    page = logged_in("Visualizador").get(reason["url"])
    assert page.context["cl"].result_count == 10


def test_people_of_a_kind_are_counted_once_each_unless_they_are_too_many(monkeypatch):
    for phone in ("5511987654321", "5511987654321", "5511912345678"):
        rows.dead_letter(phone=phone)
    rows.dead_letter(cause="invalid_data")
    timeout, data = ("crm", "connection_timeout"), ("crm", "invalid_data")
    assert dead_letter_counts.people([timeout, data]) == {timeout: 2, data: 1}
    monkeypatch.setattr(dead_letter_counts, "COUNTED", 2)
    assert dead_letter_counts.people([timeout, data]) == {data: 1}
    largest = metrics.largest_kinds({"by_kind": {data: 1, timeout: 3}})
    assert [(kind.key, kind.people) for kind in largest] == [(timeout, None), (data, 1)]


def test_cause_in_a_reason_is_called_as_the_team_calls_it_without_what_names_a_person():
    group = FailureGroup.objects.get(cause=rows.dead_letter(cause="invalid_data").cause)
    texts = recipes.Recipes().of_group(group).texts
    title = "CPF repetido, como o de 11 98765-4321"
    recipes.write(group, replace(texts, title=title), everywhere=True, actor="user:ana")
    (kind,) = metrics.largest_kinds({"by_kind": {("crm", "invalid_data"): 1}})
    assert kind.title.startswith("CPF repetido, como o de ")
    assert "98765" not in kind.title


def test_open_breaker_makes_it_critical(api):
    rows.down("crm")
    answer = api.get("/dashboard").json()
    assert answer["status"] == "critical"
    assert answer["circuit_breakers"]["crm"]["state"] == "open"
    assert api.get("/status").json()["services"]["crm"]["state"] == "open"


def test_status_tells_of_whatsapp(api):
    assert api.get("/status").json()["whatsapp"].items() >= {"connected": True, "status": "connected"}.items()
    Connection.objects.update(connected=False)
    answer = api.get("/status").json()
    assert answer["whatsapp"].items() >= {"connected": False, "status": "disconnected"}.items()


def test_whatsapp_that_nobody_asked_yet_is_neither_connected_nor_disconnected(api):
    Connection.objects.all().delete()
    answer = api.get("/dashboard").json()
    assert answer["whatsapp"].items() >= {"connected": None, "status": "unknown"}.items()
    assert answer["status"] == "healthy"
    assert "carinho_whatsapp_connected" not in api.get("/metrics").content.decode()
    checks = logged_in("Visualizador").get("/admin/").context["checks"]
    assert ("Não sabemos", "info") in {(check.value, check.tone) for check in checks}


def test_whatsapp_whose_check_failed_is_a_reason(api):
    asked = timezone.now() - timedelta(minutes=6)
    Connection.objects.update(connected=None, checked_at=None, check_failed_at=asked)
    answer = api.get("/dashboard").json()
    assert answer["whatsapp"].items() >= {"connected": None, "status": "unknown"}.items()
    assert (answer["status"], [reason["rule"] for reason in answer["reasons"]]) == (
        "degraded",
        ["whatsapp_unknown"],
    )


def test_history_of_whatsapp_is_counted_once_for_one_snapshot(monkeypatch):
    calls, count = [], connection.usual_gap
    monkeypatch.setattr(connection, "usual_gap", lambda now: calls.append(now) or count(now))
    snapshot.take_snapshot()
    assert len(calls) == 1


def test_alerts_are_listed_with_who_has_them(api):
    assert api.get("/alerts").json().items() >= {"total": 0, "warning": 0, "alerts": []}.items()
    rows.down("crm")
    alerts.evaluate()
    listed = api.get("/alerts").json()
    assert listed["total"] == 1
    alert = listed["alerts"][0]
    assert (
        alert.items() >= {"rule": "circuit_breaker", "severity": "critical", "acknowledged_by": None}.items()
    )
    assert (alert["type"], alert["level"]) == ("circuit_breaker", "critical")
    alerts.acknowledge([alert["id"]], actor="user:ana")
    assert api.get("/alerts").json()["alerts"][0]["acknowledged_by"] == "user:ana"
    assert api.get("/dashboard").json()["alerts"] == {"total": 1, "critical": 1}


def test_daily_report_has_the_guides_keys_and_equals_the_lists(api):
    yesterday = periods.yesterday()
    finish(rows.lead())
    rows.dead_letter()
    Event.objects.update(received_at=timezone.now() - timedelta(days=1))
    answer = api.get("/report/daily").json()
    assert answer["date"] == yesterday.isoformat()
    assert answer["events"].items() >= {"total": 2, "processed": 1, "failed": 1}.items()
    assert set(answer) >= {"deliveries", "sync_jobs", "dead_letter_added", "week_before"}
    begins, ends = f"{yesterday}T00:00:00-03:00", f"{yesterday + timedelta(days=1)}T00:00:00-03:00"
    for status, key in (("processed", "processed"), ("failed", "failed")):
        listed = api.get("/api/events", {"since": begins, "until": ends, "status": status}).json()["data"]
        assert len(listed) == answer["events"][key]


def test_report_of_an_impossible_date_is_refused_by_name(api):
    answer = api.get("/report/daily?date=ontem")
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["date"])
    assert api.get("/report/weekly?week=2026-W60").status_code == 422


def test_weekly_report_has_seven_days_and_a_verdict_for_each_measure(api):
    answer = api.get("/report/weekly?week=2026-W04").json()
    assert (answer["from"], answer["until"], len(answer["days"])) == ("2026-01-19", "2026-01-25", 7)
    assert {row["verdict"] for row in answer["metrics"].values()} == {"no_data"}
    assert set(answer["metrics"]) == {"events", "success_rate", "dead_letters", "sync_jobs"}


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/dashboard", "admin:index"),
        ("/status", "admin:index"),
        ("/alerts", "admin:monitoring_alert_changelist"),
        ("/report/daily", "admin:monitoring_report_daily"),
        ("/report/weekly", "admin:monitoring_report_weekly"),
        ("/circuit-breakers", "admin:events_circuitbreaker_changelist"),
    ],
)
def test_browser_gets_the_page_that_shows_the_same(path, page):
    browser = logged_in("Visualizador")
    answer = browser.get(path, headers=BROWSER)
    assert answer["Location"] == reverse(page)
    assert browser.get(answer["Location"]).status_code == 200


def test_metrics_name_no_person(api):
    rows.dead_letter()
    rows.tried(Delivery.objects.first())
    text = api.get("/metrics").content.decode()
    assert 'carinho_events_total{source="site",type="lead.created"} 1.0' in text
    assert 'carinho_attempts_total{outcome="unavailable",service="crm"}' in text
    assert 'carinho_answer_seconds_bucket{le="0.05",service="crm"}' in text
    assert 'carinho_circuit_breaker_state{service="crm",state="closed"} 1.0' in text
    assert not any(person in text for person in rows.IN_CLEAR)


def test_metrics_count_on_when_rows_are_pruned(api):
    event = rows.lead()
    Delivery.objects.filter(event=event).delete()
    event.delete()
    assert (
        'carinho_events_total{source="site",type="lead.created"} 1.0' in api.get("/metrics").content.decode()
    )


def test_every_lane_has_a_breaker_row(api):
    assert set(api.get("/dashboard").json()["circuit_breakers"]) == set(
        CircuitBreaker.objects.values_list("pk", flat=True)
    )
