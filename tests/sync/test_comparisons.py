"""A comparison asks what the contract names, survives any row, and says so where it came to no end."""

import pytest
import responses
from django.conf import settings

from carinho.services.pagination import Page, in_turn
from monitoring import health
from sync import status
from sync.job import Job
from sync.models import Agreement, LogLine, SyncDifference, SyncFailure, SyncRecord, SyncRun
from tests.clients import logged_in
from tests.monitoring.hubs import hub
from tests.sync.conftest import JOBS, contract

NAME = "sync.crm_operacao"
NAMED = {  # what the contract names of each list; cursor and limit belong to all
    "/api/v1/contracts": [{"status", "synced"}, {"billing"}],
    "/api/v1/schedules": [{"contract_ids"}],
    "/api/v1/services": [{"status", "billed", "from", "to"}],
    "/api/v1/invoices": [{"references"}],
    "/api/v1/caregivers": [{"updated_since"}, set()],
}


@pytest.mark.parametrize("name", JOBS)
def test_run_and_comparison_ask_only_what_the_contract_names(name, run, load, simulator):
    load(name, 3)
    run(name)
    load(name, 1, first=3, status="ended")
    run(name, "check")
    reads = [
        call
        for system in ("crm", "operacao", "financeiro", "cuidadores")
        for call in simulator.calls(system)
        if call["method"] == "GET"
    ]
    assert reads
    for call in reads:
        assert set(call["query"]) - {"cursor", "limit"} in NAMED[call["path"]], call


def test_list_that_the_target_refuses_is_said_everywhere_and_the_run_stays_done(run, load, simulator):
    load(NAME, 2)
    address = settings.SYSTEMS["operacao"]["url"] + "/api/v1/schedules"
    with responses.RequestsMock() as mock:
        mock.add_passthru(settings.SYSTEMS["crm"]["url"])
        mock.add_passthru(f"{address}/")
        mock.get(address, status=403, json={"message": "Forbidden"})
        ended = run(NAME)
    check = SyncRun.objects.get(kind="check")
    assert (ended.status, check.status) == ("done", "failed")
    entry = status.overview()[NAME]
    assert (entry["last_status"], entry["last_result"]) == ("done", "done")
    assert entry["check_error"] == check.reason != ""
    assert entry["last_check"] is not None
    assert LogLine.objects.get(run=ended, code="check_failed").detail["reason"] == check.reason
    assert "sync_check" in {
        violation.rule.name for violation in health.evaluate(hub(sync={NAME: entry})).violations
    }
    page = logged_in("Operador").get("/admin/sync/syncjob/").content.decode()
    assert "não conferida" in page
    assert not Agreement.objects.exists()
    run(NAME, "check")
    assert status.overview()[NAME]["check_error"] == ""


def test_comparison_that_somebody_cancelled_says_nothing_of_both_sides(db):
    begun = {"job_id": NAME, "kind": "check", "author": "user:ana", "finished_at": "2026-03-02T10:00:00Z"}
    SyncRun.objects.create(status="failed", reason="Recusou.", **begun)
    SyncRun.objects.create(status="cancelled", **begun)
    assert status.overview()[NAME]["check_error"] == "Recusou."


def test_malformed_rows_of_the_target_leave_the_others_compared(run, load, simulator):
    load(NAME, 3)
    run(NAME)
    address = settings.SYSTEMS["operacao"]["url"] + "/api/v1/schedules"
    job = Job.registry[NAME]
    rows = [job.wanted(contract(number)) | {"contract_id": number} for number in (1, 2)]
    with responses.RequestsMock() as mock:
        mock.add_passthru(settings.SYSTEMS["crm"]["url"])
        mock.get(address, json={"data": [*rows, {"id": 5}, None, "x"]})
        assert run(NAME, "check").status == "done"
    assert [(row.key, row.kind) for row in SyncDifference.objects.filter(closed_at=None)] == [
        ("3", "missing_there")
    ]


def test_malformed_rows_of_the_source_that_are_alike_fail_once_and_stop_no_other(run, monkeypatch, load):
    load(NAME, 1)
    page = Page([contract(1), None, None, {"id": "x"}, {"id": "x"}, {}])
    job = type(Job.registry[NAME])
    monkeypatch.setattr(job, "pull", lambda *given: page)
    monkeypatch.setattr(job, "pull_all", lambda *given: page)
    ended = run(NAME)
    assert (ended.status, ended.written, ended.failed) == ("incomplete", 1, 3)
    causes = SyncFailure.objects.filter(status="open").values_list("cause", flat=True)
    assert list(causes) == ["invalid_data"] * 3
    assert SyncRun.objects.get(kind="check").status == "done"
    assert SyncDifference.objects.filter(closed_at=None, kind="unreadable").count() == 3


def test_record_that_cannot_be_read_any_more_is_no_orphan(run, load, simulator):
    name = "sync.operacao_financeiro"
    load(name, 2)
    run(name)
    load(name, 1, amount="muito")
    run(name, "check")
    assert [(row.key, row.kind) for row in SyncDifference.objects.filter(closed_at=None)] == [
        ("1", "unreadable")
    ]


def test_what_was_written_long_ago_is_not_asked_for_again_each_night(run, load, simulator):
    name = "sync.operacao_financeiro"
    load(name, 2)
    run(name)
    SyncRecord.objects.filter(key="1").update(written_at="2020-01-01T00:00:00Z")
    load(name, 2, status="cancelled")
    run(name, "check")
    assert [row.key for row in SyncDifference.objects.filter(closed_at=None, kind="orphan")] == ["2"]


def test_lists_in_turn_are_read_as_one():
    lists = [{"": Page([1], "b"), "b": Page([2])}, {"": Page([])}, {"": Page([3], "c"), "c": Page([4])}]
    cursor, found = "", []
    while cursor is not None:
        page = in_turn(cursor, *(pages.__getitem__ for pages in lists))
        found += page.records
        cursor = page.next_cursor
    assert found == [1, 2, 3, 4]
