"""Each job against the other systems as the simulator plays them: what guide 4 promises."""

import pytest

from carinho.services.pagination import storable
from sync import status
from sync.models import Agreement, SyncDifference, SyncFailure, SyncRecord, SyncRun
from tests.sync.conftest import WORLDS, service, writes

NAMES = sorted(WORLDS)


def test_active_contract_gets_its_schedule_and_crm_shows_it_as_synchronised(run, load, simulator):
    load("sync.crm_operacao", 1)
    done = run("sync.crm_operacao")
    assert (done.status, done.read, done.written, done.failed) == ("done", 1, 1, 0)
    world = simulator.state()
    [schedule] = world["operacao"]["records"]["schedules"]
    assert (schedule["contract_id"], schedule["client_id"], schedule["weekdays"]) == (1, 1001, ["mon", "wed"])
    [contract] = world["crm"]["records"]["contracts"]
    assert (contract["synced"], contract["schedule_id"]) == (True, schedule["id"])


def test_completed_service_gets_its_invoice_and_operacao_shows_it_as_billed(run, load, simulator):
    load("sync.operacao_financeiro", 1)
    assert run("sync.operacao_financeiro").status == "done"
    world = simulator.state()
    [invoice] = world["financeiro"]["records"]["invoices"]
    assert (invoice["reference"], invoice["amount"], invoice["client_id"]) == ("service-1", "150.00", 1001)
    [service] = world["operacao"]["records"]["services"]
    assert (service["billed"], service["invoice_id"]) == (True, invoice["id"])


def test_contract_that_waits_for_billing_gets_it_and_crm_knows(run, load, simulator):
    load("sync.crm_financeiro", 1)
    assert run("sync.crm_financeiro").status == "done"
    world = simulator.state()
    [setup] = world["financeiro"]["records"]["billing_setups"]
    assert (setup["contract_id"], setup["amount"], setup["due_day"]) == (1, "1200.00", 10)
    assert "weekdays" not in setup
    assert world["crm"]["records"]["contracts"][0]["billing"] == "configured"


def test_caregiver_that_changed_is_changed_in_crm(run, load, simulator):
    load("sync.cuidadores_crm", 2)
    run("sync.cuidadores_crm")
    load("sync.cuidadores_crm", 1, name="Rosa Alves")
    second = run("sync.cuidadores_crm")
    assert (second.written, second.unchanged) == (1, 1)
    known = {row["id"]: row["name"] for row in simulator.state()["crm"]["records"]["caregivers"]}
    assert known == {1: "Rosa Alves", 2: "Rosa 2"}


@pytest.mark.parametrize("name", NAMES)
def test_second_run_of_an_unchanged_world_writes_nothing(run, load, simulator, name):
    load(name, 250)
    first = run(name)
    assert (first.status, first.read, first.written) == ("done", 250, 250)
    before = {system: writes(simulator, system) for system in simulator.counts()}
    assert run(name).status == "done"
    assert {system: writes(simulator, system) for system in simulator.counts()} == before


@pytest.mark.parametrize("name", NAMES)
def test_comparison_after_a_run_finds_that_everything_agrees(run, load, simulator, name):
    load(name, 120)
    run(name)
    check = SyncRun.objects.get(job_id=name, kind="check")
    assert (check.status, check.read, check.failed) == ("done", 120, 0)
    assert Agreement.objects.get(job_id=name).share == 100
    assert not SyncDifference.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("name", NAMES)
def test_one_bad_record_makes_the_run_incomplete_and_stops_no_other(run, load, simulator, name):
    load(name, 5)
    system, path = {
        "sync.crm_operacao": ("operacao", "/schedules/3"),
        "sync.crm_financeiro": ("financeiro", "/billing-setups/3"),
        "sync.operacao_financeiro": ("financeiro", "/invoices/service-3"),
        "sync.cuidadores_crm": ("crm", "/caregivers/3"),
    }[name]
    simulator.fault(system, status=422, body={"message": "Invalid client"}, path=path)
    done = run(name)
    assert (done.status, done.written, done.failed) == ("incomplete", 4, 1)
    failure = SyncFailure.objects.get()
    assert (failure.key, failure.status, failure.kind, failure.cause) == (
        "3",
        "open",
        "rejected",
        "invalid_data",
    )
    assert failure.reason.endswith("Invalid client")
    assert failure.payload["id"] == 3
    assert [row.key for row in SyncDifference.objects.filter(closed_at=None)] == ["3"]
    simulator.heal(system)
    assert run(name).status == "done"
    failure.refresh_from_db()
    assert failure.status == "resolved"
    assert not SyncDifference.objects.filter(closed_at=None).exists()


def test_record_that_makes_no_sense_fails_alone_and_says_why(run, load, simulator):
    load("sync.operacao_financeiro", 2)
    load("sync.operacao_financeiro", 1, first=3, amount="muito")
    done = run("sync.operacao_financeiro")
    assert (done.status, done.written, done.failed) == ("incomplete", 2, 1)
    assert "'muito' is no amount" in SyncFailure.objects.get().reason


def test_write_that_was_not_confirmed_is_confirmed_later_and_not_written_again(run, load, simulator):
    load("sync.crm_operacao", 3)
    simulator.fault("crm", status=422, path="/contracts/2/synced")
    assert run("sync.crm_operacao").status == "incomplete"
    assert SyncRecord.objects.get(key="2").confirmed_at is None
    before = writes(simulator, "operacao")
    simulator.heal("crm")
    assert not status.overview()["sync.crm_operacao"]["is_mended"]
    chosen = {"failures": list(SyncFailure.objects.values_list("pk", flat=True))}
    assert run("sync.crm_operacao", kind="records", chosen=chosen).status == "done"
    mended = next(job for job in status.job_statuses() if job.job.name == "sync.crm_operacao")
    assert (mended.is_mended, mended.has_failed) == (True, False)
    assert run("sync.crm_operacao").status == "done"
    assert writes(simulator, "operacao") == before
    assert all(row["synced"] for row in simulator.state()["crm"]["records"]["contracts"])


def test_contract_that_crm_asks_for_anew_is_written_anew(run, load, simulator):
    load("sync.crm_operacao", 1)
    run("sync.crm_operacao")
    load("sync.crm_operacao", 1)
    assert run("sync.crm_operacao").written == 1
    assert SyncRecord.objects.get().version == 2
    assert simulator.state()["crm"]["records"]["contracts"][0]["synced"] is True


def test_text_that_the_database_cannot_keep_stops_no_run(run, simulator, load):
    load("sync.cuidadores_crm", 1, name="a\x00b")
    load("sync.cuidadores_crm", 1, first=2)
    done = run("sync.cuidadores_crm")
    assert (done.status, done.written) == ("done", 2)
    assert run("sync.cuidadores_crm").written == 0
    assert not SyncDifference.objects.filter(closed_at=None).exists()


def test_record_without_a_usable_id_fails_alone(run, simulator, load):
    load("sync.operacao_financeiro", 1)
    load("sync.operacao_financeiro", 1, first=2, client_id=None)
    simulator.load({"operacao": {"services": [service(3) | {"id": "9" * 100}]}})
    done = run("sync.operacao_financeiro")
    assert (done.written, done.failed) == (1, 2)


def test_what_no_database_can_keep_is_replaced_when_it_is_read():
    assert storable(
        [{"a": "x\x00", "b": "half \ud83d", "c": float("nan"), "d": "ok \N{BLACK HEART SUIT}"}]
    ) == [{"a": "x\ufffd", "b": "half \ufffd", "c": None, "d": "ok \N{BLACK HEART SUIT}"}]
