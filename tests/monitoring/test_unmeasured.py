"""What cannot be measured is said, and keeps neither the pages nor the watch over the rest from working."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import pytest
from django.db import connection
from django.utils import timezone

from monitoring import alerts, checklist, health, heartbeats, metrics, snapshot
from monitoring.models import Alert, Heartbeat
from monitoring.rule import Observation, Rule
from tests.clients import logged_in, with_key
from tests.console import rows
from tests.monitoring import hubs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alive")]

SOURCES = {
    "pending": "monitoring.metrics.pending",
    "retry_queue": "monitoring.metrics.retry_queue",
    "dead_letters": "monitoring.metrics.dead_letters",
    "held_too_long": "monitoring.metrics.held_too_long",
    "largest_kinds": "monitoring.metrics.largest_kinds",
    "rejected_requests": "monitoring.metrics.rejected_requests",
    "owed_calls": "monitoring.metrics.owed_calls",
    "held": "monitoring.metrics.held",
    "queues": "monitoring.snapshot.queue_by_system",
    "failures": "monitoring.metrics.failures",
    "failing": "monitoring.metrics.failing",
    "breakers": "monitoring.metrics.breakers",
    "rejecting": "events.rejecting_systems.current",
    "left_by_rejections": "monitoring.metrics.left_by_rejections",
    "sync": "sync.status.overview",
    "whatsapp": "monitoring.metrics.whatsapp",
    "staleness": "monitoring.heartbeats.staleness",
    "oldest_transaction": "monitoring.metrics.oldest_transaction",
    "outages_seen": "monitoring.metrics.outages_seen",
    "missed_round": "monitoring.rounds.missed",
    "failed_notifications": "monitoring.metrics.failed_notifications",
    "failed_webhooks": "monitoring.metrics.failed_webhooks",
    "late_events": "monitoring.metrics.late_events",
    "overdue_erasures": "monitoring.metrics.overdue_erasures",
    "reported": "monitoring.metrics.reported",
}
OTHERS = {
    "events": "monitoring.metrics.events",
    "events_by_type": "monitoring.metrics.events_by_type",
    "deliveries": "monitoring.metrics.deliveries",
    "answers": "monitoring.metrics.answers",
    "pictures": "monitoring.charts.depths",
    "chart": "monitoring.charts.events_today",
}
PROGRAMS = ["/dashboard", "/status", "/metrics", "/alerts"]
PEOPLE = [
    "/admin/",
    "/admin/monitoring/alert/",
    "/admin/monitoring/round/?kind=morning",
    "/admin/monitoring/round/?kind=evening",
]


def bad_row(*_args, **_kwargs):
    raise KeyError("a row that nobody foresaw")


def bad_statement(*_args, **_kwargs):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_every_part_of_a_snapshot_stands_alone():
    assert set(SOURCES) == set(snapshot.parts())


@dataclass(frozen=True)
class SnapshotWithVisits(snapshot.HubSnapshot):
    visits: int = field(
        default=0, metadata=snapshot.part("visitas", lambda known: len(known["breakers"]) + 40)
    )


def test_part_is_measured_judged_and_named_by_its_declaration_alone(monkeypatch):
    monkeypatch.setattr(snapshot, "HubSnapshot", SnapshotWithVisits)
    hub = snapshot.take_snapshot()
    assert hub.visits == hub.strict.visits == len(hub.breakers) + 40
    monkeypatch.setattr(metrics, "breakers", bad_row)
    hub = snapshot.take_snapshot()  # what it is measured from is missing
    assert (hub.breakers, hub.visits) == ([], 0)
    assert hub.unmeasured["visits"] == "visitas"
    with pytest.raises(snapshot.Unmeasured):
        _ = hub.strict.visits
    assert "visits" in with_key("read").get("/status").json()["unmeasured"]


@pytest.mark.parametrize(
    ("part", "trouble"), [*((part, bad_statement) for part in SOURCES), ("sync", bad_row)]
)
def test_part_that_cannot_be_measured_is_a_reason_and_the_others_go_on(monkeypatch, part, trouble):
    rows.down("crm")
    monkeypatch.setattr(SOURCES[part], trouble)
    answer = with_key("read").get("/dashboard").json()
    reason = next(reason for reason in answer["reasons"] if reason["rule"] == "unmeasured")
    assert f"Não foi possível medir: {snapshot.parts()[part].title}." in reason["message"]
    assert part in answer["unmeasured"]
    assert answer["status"] != "healthy"
    assert part == "breakers" or "circuit_breaker" in {row["rule"] for row in answer["reasons"]}


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("monitoring.metrics.retry_queue", ["retry_queue"]),
        ("monitoring.metrics.events", ["events_today", "failures"]),
        ("monitoring.runbook.dead_letters", ["dead_letters"]),
        ("monitoring.runbook.sync_jobs", ["sync"]),
    ],
)
def test_status_names_what_it_shows_as_zero_because_it_was_not_measured(monkeypatch, source, named):
    program = with_key("read")
    assert program.get("/status").json()["unmeasured"] == []
    monkeypatch.setattr(source, bad_row)
    assert program.get("/status").json()["unmeasured"] == named


@pytest.mark.parametrize("part", SOURCES | OTHERS)
def test_no_page_or_endpoint_breaks_because_of_one_part(monkeypatch, part):
    rows.down("crm")
    monkeypatch.setattr((SOURCES | OTHERS)[part], bad_statement)
    monkeypatch.setattr(snapshot, "take_snapshot", cache(snapshot.take_snapshot))  # most of the work
    program, person = with_key("read"), logged_in("Administrador")
    assert {path: program.get(path).status_code for path in PROGRAMS} == dict.fromkeys(PROGRAMS, 200)
    assert {path: person.get(path).status_code for path in PEOPLE} == dict.fromkeys(PEOPLE, 200)


@pytest.mark.parametrize("part", SOURCES)
def test_alerts_go_out_though_one_part_cannot_be_measured(monkeypatch, part):
    monkeypatch.setattr(SOURCES[part], bad_statement)
    heartbeats.beat("worker", timezone.now() - timedelta(hours=1))
    alerts.evaluate()
    assert Alert.objects.filter(rule="unmeasured", subject=part).exists()
    assert part == "staleness" or Alert.objects.filter(rule="worker_silent").exists()
    assert Heartbeat.objects.filter(name="watcher").exists()


def test_nothing_is_resolved_because_it_cannot_be_seen(clock):
    clock.evaluate(breakers=hubs.breaker("open", 5))
    clock.evaluate(3600, unmeasured={"breakers": "sistemas"})
    assert Alert.objects.get(rule="circuit_breaker").is_open


def test_check_of_a_round_that_cannot_be_made_is_not_green(monkeypatch):
    monkeypatch.setattr(SOURCES["dead_letters"], bad_row)
    checks = logged_in("Operador").get("/admin/monitoring/round/?kind=morning").context["checks"]
    check = next(row["check"] for row in checks if row["check"].name == "dead_letters")
    assert (check.value, check.tone) == ("não medido", "warning")


def test_rule_that_breaks_keeps_what_it_found_and_stops_no_other(monkeypatch):
    def read(hub):
        yield Observation(1, "Uma linha boa.", "/admin/", subject="good")
        bad_row()

    broken = Rule("whatever", "Regra qualquer", "", read, warning=1, critical=None, at_least=True)
    monkeypatch.setitem(Rule.registry, "whatever", broken)
    found = health.evaluate(hubs.hub(pending=101))
    assert {violation.key for violation in found.violations} == {
        ("whatever", "good"),
        ("unmeasured", "whatever"),
        ("events_pending", ""),
    }
    assert found.unread == {"whatever"}


def test_alert_that_cannot_be_written_keeps_no_other_from_being_notified(clock):
    jobs = hubs.job(recent_failures=3)
    long_name = {"x" * 61: jobs["sync.crm_operacao"]}  # a subject has 60 characters
    clock.evaluate(sync=long_name | jobs, pending=101)
    assert set(Alert.objects.values_list("rule", "subject")) == {
        ("sync_failures", "sync.crm_operacao"),
        ("events_pending", ""),
    }


@pytest.mark.parametrize(
    ("job", "value", "tone"),
    [
        ({"last_status": None}, "1 de 2 em dia, 1 ainda não sincronizou", "info"),
        ({"last_status": None, "running_kind": "check"}, "1 de 2 em dia, 1 ainda não sincronizou", "info"),
        ({"last_status": None, "running_kind": "full"}, "1 de 2 em dia, 1 em execução", "info"),
        ({"late": True, "level": "warning"}, "1 de 2 em dia, 1 atrasada", "warning"),
        ({"late": True, "level": "critical"}, "1 de 2 em dia, 1 atrasada", "danger"),
        ({"last_status": "failed", "last_result": "cancelled"}, "1 de 2 em dia, 1 cancelada", "info"),
        ({"last_status": "failed", "last_result": "failed"}, "1 de 2 em dia, 1 falhou", "warning"),
        (
            {"last_status": "failed", "last_result": "incomplete"},
            "1 de 2 em dia, 1 concluída com falhas",
            "warning",
        ),
        ({"last_status": "failed", "last_result": "stuck"}, "1 de 2 em dia, 1 travada", "warning"),
    ],
)
def test_synchronisation_that_did_not_run_well_is_not_counted_as_up_to_date(job, value, tone):
    hub = hubs.hub(sync=hubs.job() | {"sync.other": hubs.job(**job)["sync.crm_operacao"]})
    shown = checklist.answer("morning", hub, health.evaluate(hub))
    check = next(check for check in shown if check.name == "syncs")
    assert (check.value, check.tone) == (value, tone)
    assert (check.figure, check.rest) == tuple(value.split(", "))


def test_metrics_leave_out_what_is_not_known(monkeypatch):
    monkeypatch.setattr(metrics, "pending", bad_row)
    text = with_key("read").get("/metrics").content.decode()
    assert "carinho_events_pending" not in text
    assert 'carinho_unmeasured{part="pending"} 1.0' in text
    assert "carinho_retry_queue" in text
