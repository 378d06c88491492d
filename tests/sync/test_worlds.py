"""Random worlds and faults: after a run both sides agree by the job's own rule, and nothing else moved."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carinho.services.base import Service
from carinho.services.pagination import storable
from sync import runs
from sync.job import Job
from sync.models import Agreement, SyncDifference, SyncFailure, SyncRecord, SyncRun
from sync.runner import Runner
from tests.cases import CASES
from tests.sync.conftest import WORLDS, caregiver, contract, service

WORLDS_PER_JOB = max(12, CASES // 100)
NUMBERS = st.integers(1, 9)  # of one digit: a fault names a record by a part of its path
QUICK = settings(
    max_examples=WORLDS_PER_JOB,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

contracts = st.builds(
    contract,
    NUMBERS,
    status=st.sampled_from(["active", "ended", "draft"]),
    synced=st.booleans(),
    billing=st.sampled_from(["pending", "configured", "none"]),
    client_id=st.integers(1, 5000),
    weekdays=st.lists(st.sampled_from(["mon", "tue", "sun"]), unique=True),
    amount=st.decimals(0, 9999, places=2).map(str),
)
services = st.builds(
    service,
    NUMBERS,
    status=st.sampled_from(["completed", "scheduled", "cancelled"]),
    billed=st.booleans(),
    client_id=st.integers(1, 5000),
    amount=st.decimals(0, 9999, places=2).map(float),
    days_ago=st.integers(0, 10),
).map(lambda row: row | {"finished_at": (timezone.localtime() - timedelta(days=row["days_ago"])).isoformat()})
caregivers = st.builds(
    caregiver,
    NUMBERS,
    name=st.text(min_size=1, max_size=12),
    active=st.booleans(),
    city=st.sampled_from(["Santos"]),
)


def worlds(records):
    return st.lists(records, max_size=6, unique_by=lambda row: row["id"])


RULES = {
    "sync.crm_operacao": (
        contracts,
        lambda row: row["status"] == "active" and not row["synced"],
        ("operacao", "schedules", "contract_id", "/schedules/"),
        lambda row: row["synced"] is True,
    ),
    "sync.crm_financeiro": (
        contracts,
        lambda row: row["billing"] == "pending",
        ("financeiro", "billing_setups", "contract_id", "/billing-setups/"),
        lambda row: row["billing"] == "configured",
    ),
    "sync.operacao_financeiro": (
        services,
        lambda row: row["status"] == "completed" and not row["billed"] and row["days_ago"] <= 7,
        ("financeiro", "invoices", "service_id", "/invoices/service-"),
        lambda row: row["billed"] is True,
    ),
    "sync.cuidadores_crm": (
        caregivers,
        lambda row: True,
        ("crm", "caregivers", "id", "/caregivers/"),
        lambda row: True,
    ),
}


def forget_everything(simulator):
    simulator.reset()
    Service._transports.clear()
    for model in (SyncFailure, SyncDifference, SyncRecord, SyncRun):
        model.objects.all().delete()


def only_the_run(name):
    with runs.only_runner(name) as lock:
        runs.create_run(name, author="schedule")
        return Runner(runs.claim_run(name), lock).go()


def assert_done(job, records, there, here, knows):
    """The target has these records as the source does, and the source knows."""
    for row in records:
        assert not job.diff(job.wanted(row), there[row["id"]])
        assert knows(here[row["id"]])


@pytest.mark.parametrize("name", sorted(RULES))
def test_after_a_run_in_any_world_both_sides_agree_and_nothing_else_was_touched(name, simulator):
    records, is_due, (system, table, key, path), knows = RULES[name]
    job = Job.registry[name]
    home, source_table, _make = WORLDS[name]

    @QUICK
    @given(world=worlds(records), already=st.sets(NUMBERS, max_size=3), refused=st.none() | NUMBERS)
    def check(world, already, refused):
        forget_everything(simulator)
        theirs = {number: {key: number, "note": "theirs"} for number in already}
        if table == "invoices":
            theirs = {}  # an invoice that is there stays as it is: another test
        simulator.load({home: {source_table: world}, system: {table: list(theirs.values())}})
        if refused:
            simulator.fault(system, status=422, path=f"{path}{refused}")
        due = {row["id"]: row for row in world if is_due(row)}
        run = only_the_run(name)
        state = simulator.state()
        here = {row["id"]: row for row in state[home]["records"][source_table]}
        there = {row[key]: row for row in state[system]["records"][table]}
        done = {number: row for number, row in due.items() if number != refused}
        assert_done(job, storable(list(done.values())), there, here, knows)
        assert [row for row in world if row["id"] not in done] == [
            here[row["id"]] for row in world if row["id"] not in done
        ]
        untouched = there.keys() - due.keys()
        assert {number: there[number]["note"] for number in untouched} == dict.fromkeys(untouched, "theirs")
        failed = {refused} & due.keys()
        assert {failure.key for failure in SyncFailure.objects.all()} == set(map(str, failed))
        assert (run.read, run.failed) == (len(due), len(failed))
        assert run.status == ("incomplete" if failed else "done")

    check()


@pytest.mark.parametrize("name", sorted(RULES))
def test_after_a_run_with_random_faults_the_comparison_names_only_what_is_refused_for_good(
    name, run, load, simulator
):
    load(name, 120)
    home, system = Job.registry[name].source.name, Job.registry[name].target.name
    simulator.fault(home, status=503, rate=0.15)
    simulator.fault(system, drop=True, rate=0.15)
    ended = run(name)
    assert (ended.status, ended.failed) == ("done", 0)
    assert not SyncDifference.objects.filter(closed_at=None).exists()
    assert Agreement.objects.get(job_id=name).share == 100
    path = RULES[name][2][3]
    load(name, 120)
    simulator.heal(home)
    simulator.fault(system, status=422, path=f"{path}7")
    load(name, 10, first=70, notes="outro", city="Santos", client_id=5, amount="77.00")
    ended = run(name)
    refused = {failure.key for failure in SyncFailure.objects.filter(status="open")}
    assert refused
    assert all(key.startswith("7") for key in refused)
    named = {row.key for row in SyncDifference.objects.filter(closed_at=None)}
    assert named == refused
