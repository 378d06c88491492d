"""A synchronisation with a system that limits calls, or does not offer all that the job needs."""

from datetime import timedelta

import pytest

from carinho.services import rate_limits
from carinho.services.crm import CRM
from sync import status
from sync.availability import Availability
from sync.jobs.crm_operacao import CrmOperacao
from sync.models import SyncDifference, SyncFailure, SyncJob, SyncRun
from tests.sync.conftest import writes

JOB = "sync.crm_operacao"


@pytest.fixture
def lacks(simulator, settings):
    def give(system, *names):
        settings.SYSTEMS = settings.SYSTEMS | {system: settings.SYSTEMS[system] | {"lacks": list(names)}}

    return give


@pytest.fixture
def limit():
    """Let CRM say how many calls it still takes for how long."""

    def say(remaining, seconds):
        CRM.shared_transport().allowance = rate_limits.Allowance(remaining, seconds)

    yield say
    CRM.shared_transport().allowance = None


@pytest.mark.django_db
def test_system_that_says_how_many_calls_it_takes_gets_no_more_from_reads_and_writes(limit):
    availability = Availability(CrmOperacao())
    assert availability.allows(30, 0) == 30
    limit(2, 3600)
    assert availability.allows(30, 0) == 1
    assert availability.allows_read(0)
    availability.started_read()
    assert not availability.allows_read(0)
    assert availability.allows(30, 0) == 0
    limit(5, 0)  # it counts anew
    assert availability.allows(30, 0) == 30


@pytest.mark.parametrize(("system", "call"), [("crm", "contracts"), ("operacao", "put_schedule")])
def test_job_whose_call_is_not_offered_yet_ends_without_failures_and_says_so(
    run, load, lacks, simulator, system, call
):
    load(JOB, 3)
    lacks(system, call)
    ended = run(JOB)
    assert (ended.status, ended.written, ended.failed) == ("cancelled", 0, 0)
    assert "does not offer this yet" in ended.reason
    assert ended.lines.filter(code="not_offered").exists()
    SyncJob.objects.filter(name=JOB).update(created_at=ended.started_at - timedelta(days=30))
    assert not status.overview(ended.finished_at)[JOB]["late"]
    assert not SyncFailure.objects.exists()
    assert SyncRun.objects.count() == 1
    assert writes(simulator, "operacao") == writes(simulator, "crm") == 0
    lacks(system)
    assert run(JOB).written == 3


def test_source_that_cannot_be_told_is_written_from_once(run, load, lacks, simulator):
    load(JOB, 2)
    lacks("crm", "confirm_schedule")
    assert (first := run(JOB)).status == "done"
    assert first.written == 2
    assert not SyncDifference.objects.exists()  # the source knows of none, and cannot
    written = writes(simulator, "operacao")
    assert run(JOB).status == "done"
    assert writes(simulator, "operacao") == written
    lacks("crm")
    run(JOB)
    assert all(row["synced"] for row in simulator.state()["crm"]["records"]["contracts"])


def test_target_that_cannot_be_read_back_is_compared_by_what_was_written(run, load, lacks, simulator):
    load(JOB, 2)
    lacks("operacao", "schedules")
    run(JOB)
    check = SyncRun.objects.get(kind="check")
    assert check.status == "done"
