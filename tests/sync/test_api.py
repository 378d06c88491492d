"""The synchronisations by API, as the contract words them."""

import pytest

from carinho.access.models import AuditEntry
from sync import runs, worker
from sync.models import SyncDifference, SyncFailure, SyncRun
from tests.clients import with_key

OPERATOR = ("read", "operate")


@pytest.fixture
def client(simulator):
    return with_key(*OPERATOR, name="turno")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    """What is started waits for the test to play the worker."""
    monkeypatch.setattr(runs, "wake_worker", lambda name: None)


def test_jobs_are_listed_with_their_schedule_in_words(client):
    jobs = {job["name"]: job for job in client.get("/api/sync/jobs").json()["data"]}
    assert {name: job["schedule"] for name, job in jobs.items()} == {
        "sync.crm_operacao": "toda hora, no minuto 00",
        "sync.operacao_financeiro": "todo dia às 23:00",
        "sync.crm_financeiro": "todo dia às 06:00 e 18:00",
        "sync.cuidadores_crm": "a cada 4 horas, a partir de 00:00",
    }
    job = jobs["sync.crm_operacao"]
    assert (job["source"], job["target"], job["last_run"], job["late"]) == ("crm", "operacao", None, False)


def test_started_run_is_seen_and_cannot_be_started_twice(client, load):
    load("sync.crm_operacao", 2)
    answer = client.post("/api/sync/jobs/sync.crm_operacao/start")
    assert answer.status_code == 202
    run_id = answer.json()["run_id"]
    again = client.post("/api/sync/jobs/sync.crm_operacao/start")
    assert (again.status_code, again.json()["code"]) == (409, "sync_running")
    worker.go_on("sync.crm_operacao")
    run = client.get(f"/api/sync/runs/{run_id}").json()
    assert (run["status"], run["read"], run["written"], run["author"]) == ("done", 2, 2, "key:turno")
    assert [line["code"] for line in run["log"]] == ["started", "finished"]
    assert run["log"][0]["text"] == "Começou, por chave turno."
    job = next(
        row for row in client.get("/api/sync/jobs").json()["data"] if row["name"] == "sync.crm_operacao"
    )
    assert (job["last_status"], job["agreement_percent"]) == ("done", 100.0)
    [day] = job["agreement_days"]
    assert (day["compared"], day["agreeing"], day["percent"]) == (2, 2, 100.0)


def test_unknown_job_and_unknown_run_are_not_found(client):
    assert client.post("/api/sync/jobs/sync.nada/start").status_code == 404
    assert client.get("/api/sync/runs/999999").status_code == 404
    assert client.post("/api/sync/runs/999999/cancel").status_code == 404


def test_cancelled_run_is_over_and_names_who_cancelled_it(client):
    run_id = client.post("/api/sync/jobs/sync.crm_operacao/start").json()["run_id"]
    assert client.post(f"/api/sync/runs/{run_id}/cancel").status_code == 202
    run = client.get(f"/api/sync/runs/{run_id}").json()
    assert (run["status"], run["cancelled_by"]) == ("cancelled", "key:turno")
    assert client.post(f"/api/sync/runs/{run_id}/cancel").json()["code"] == "sync_run_over"


def test_runs_are_listed_newest_first_and_filtered(client, run):
    first, second = run("sync.crm_operacao").pk, run("sync.cuidadores_crm").pk
    listed = client.get("/api/sync/runs", {"kind": "full"}).json()
    assert [row["id"] for row in listed["data"]] == [second, first]
    only = client.get("/api/sync/runs", {"job": "sync.crm_operacao", "kind": "full"}).json()
    assert [row["id"] for row in only["data"]] == [first]
    assert client.get("/api/sync/runs", {"status": "nada"}).status_code == 422


def test_failed_record_is_retried_alone(client, run, load, simulator):
    load("sync.cuidadores_crm", 5)
    simulator.fault("crm", status=422, path="/caregivers/", body={"message": "Closed"})
    run("sync.cuidadores_crm")
    simulator.heal("crm")
    failures = {failure.key: failure.pk for failure in SyncFailure.objects.all()}
    body = {"failures": [failures["4"]]}
    start = client.post("/api/sync/jobs/sync.cuidadores_crm/start", body, content_type="application/json")
    worker.go_on("sync.cuidadores_crm")
    alone = SyncRun.objects.get(pk=start.json()["run_id"])
    assert (alone.kind, alone.status, alone.written) == ("records", "done", 1)
    assert [row["id"] for row in simulator.state()["crm"]["records"]["caregivers"]] == [4]
    assert SyncFailure.objects.get(key="4").status == "resolved"
    assert SyncFailure.objects.filter(status="open").count() == 4


def test_difference_is_corrected_alone(client, run, load, simulator):
    load("sync.crm_operacao", 3)
    run("sync.crm_operacao")
    simulator.load({"operacao": {"schedules": [{"contract_id": 2, "client_id": 7}]}})
    run("sync.crm_operacao", "check")
    difference = SyncDifference.objects.get(closed_at=None)
    assert (difference.key, difference.kind, difference.fields) == ("2", "different", ["client_id"])
    body = {"differences": [difference.pk]}
    client.post("/api/sync/jobs/sync.crm_operacao/start", body, content_type="application/json")
    worker.go_on("sync.crm_operacao")
    schedules = {
        row["contract_id"]: row["client_id"] for row in simulator.state()["operacao"]["records"]["schedules"]
    }
    assert schedules == {1: 1001, 2: 1002, 3: 1003}
    difference.refresh_from_db()
    assert difference.closed_at is not None


def test_dry_run_lists_what_would_be_written_and_writes_nothing(client, load, simulator):
    load("sync.crm_operacao", 2)
    body = {"dry_run": True}
    run_id = client.post(
        "/api/sync/jobs/sync.crm_operacao/start", body, content_type="application/json"
    ).json()["run_id"]
    worker.go_on("sync.crm_operacao")
    run = client.get(f"/api/sync/runs/{run_id}").json()
    assert (run["kind"], run["status"], run["read"], run["written"]) == ("dry", "done", 2, 0)
    assert [(row["key"], row["action"]) for row in run["planned"]] == [("1", "create"), ("2", "create")]
    assert "weekdays" in run["planned"][0]["fields"]
    counts = simulator.counts()
    assert not counts["operacao"]
    assert list(counts["crm"]) == ["GET /api/v1/contracts"]


def test_people_of_a_run_are_masked_for_readers_and_who_sees_them_in_clear_is_in_the_audit_log(
    client, run, load, simulator
):
    load("sync.cuidadores_crm", 1)
    simulator.fault("crm", status=422, path="/caregivers/")
    failed = run("sync.cuidadores_crm")
    seen = with_key("read").get(f"/api/sync/runs/{failed.pk}").json()["failures"][0]["payload"]
    assert seen["phone"] != "5511900000001"
    whole = client.get(f"/api/sync/runs/{failed.pk}").json()["failures"][0]["payload"]
    assert whole["phone"] == "5511900000001"
    [entry] = AuditEntry.objects.filter(action="person.revealed")
    assert (entry.target, entry.detail) == (f"sync_run {failed.pk}", {"page": "api"})


def test_key_without_the_scope_starts_nothing(simulator):
    assert with_key("read").post("/api/sync/jobs/sync.crm_operacao/start").status_code == 403
    assert not SyncRun.objects.exists()
