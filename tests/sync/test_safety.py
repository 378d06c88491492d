"""What must hold when processes die, meet, or wait: with real processes, real locks and a real outage."""

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from events.engine import circuit_breakers
from events.models import CircuitBreaker, Lane
from sync import runner, runs, worker
from sync.job import Job
from sync.models import LogLine, SyncFailure, SyncJob, SyncRun
from tests.processes import database_url
from tests.sync.conftest import writes

RUN_IT = """
import django, sys
django.setup()
from django.conf import settings
from sync import worker
print("ready", flush=True)
sys.stdin.readline()
worker.run_scheduled(sys.argv[1])
"""
PATIENCE = 120  # seconds; only what never happens takes them all


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"It never happened that {what}.")


@pytest.fixture
def start_workers(simulator):
    """Start processes that run a job on the test database, as workers would, all at the same moment."""
    processes = []

    def start(name, count=1):
        env = os.environ | {
            "DATABASE_URL": database_url(),
            "SIMULATOR_URL": simulator.url,
            "DJANGO_SETTINGS_MODULE": "carinho.settings",
            "SECRET_KEY": settings.SECRET_KEY,
            "VAR_DIR": os.environ["CARINHO_TEST_VAR_DIR"],
            "BREAKER_RESET_SECONDS": "1",
        }
        command = [sys.executable, "-c", RUN_IT, name]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        made = [subprocess.Popen(command, env=env, **pipes) for _ in range(count)]
        processes.extend(made)
        for process in made:
            process.stdout.readline()
        for process in made:
            process.stdin.write(b"go\n")
            process.stdin.flush()
        return made

    yield start
    for process in processes:
        with process:
            process.kill()


def arrived(simulator, system):
    """Writes that came in, those that are not answered yet included."""
    return len(simulator.state()[system]["writes"])


def in_thread(name):
    def go():
        try:
            worker.go_on(name)
        finally:
            connection.close()

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def test_run_killed_in_page_three_of_five_goes_on_there_and_writes_nothing_twice(
    start_workers, load, simulator
):
    load("sync.crm_operacao", 500)
    simulator.fault("operacao", slow=60)
    [process] = start_workers("sync.crm_operacao")
    run = until(lambda: SyncRun.objects.filter(read__gte=200).first(), "two pages were saved")
    simulator.fault("operacao", slow=2000)  # however late the kill comes, the run is not over
    until(lambda: writes(simulator, "operacao") > 220, "page three was begun")
    process.kill()
    process.wait()
    simulator.heal("operacao")
    until(lambda: not runs.lock_holder("sync.crm_operacao"), "the lock died with its holder")
    run.refresh_from_db()
    assert (run.status, run.checkpoint["stage"]) == ("running", "pull")
    kept = run.read
    assert kept < 500
    worker.go_on("sync.crm_operacao")
    run.refresh_from_db()
    assert (run.status, run.takeovers, run.failed) == ("done", 1, 0)
    world = simulator.state()
    assert len(world["operacao"]["records"]["schedules"]) == 500
    assert all(contract["synced"] for contract in world["crm"]["records"]["contracts"])
    assert set(world["operacao"]["writes"].values()) == {1}
    first_pages = [call["query"].get("cursor") for call in simulator.calls("crm") if call["method"] == "GET"]
    assert first_pages.count(None) == 3  # the run's own beginning, and the comparison's two lists


def test_two_workers_that_start_at_once_make_one_run(start_workers, load, simulator):
    load("sync.crm_operacao", 300)
    simulator.fault("operacao", slow=50)
    for process in start_workers("sync.crm_operacao", count=2):
        process.wait(PATIENCE)
    assert SyncRun.objects.filter(kind="full").count() == 1
    assert set(simulator.state()["operacao"]["writes"].values()) == {1}


def test_system_down_half_way_is_waited_for_and_no_record_fails(run, load, simulator, settings):
    load("sync.crm_operacao", 400)
    simulator.fault("operacao", slow=300)
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    thread = in_thread("sync.crm_operacao")
    until(lambda: writes(simulator, "operacao") > 20, "the run was under way")
    simulator.fault("operacao", down=True)
    waiting = until(
        lambda: SyncRun.objects.filter(pk=begun.pk, waiting_for="operacao").first(), "the run waited"
    )
    assert waiting.waiting_since is not None
    assert CircuitBreaker.objects.get(service="operacao").state != "closed"
    simulator.heal("operacao")
    thread.join(PATIENCE)
    begun.refresh_from_db()
    assert (begun.status, begun.written, begun.failed, begun.waiting_for) == ("done", 400, 0, "")
    assert begun.lines.filter(code="waits").exists()
    assert begun.lines.filter(code="goes_on").exists()
    assert not SyncFailure.objects.exists()


def test_paused_system_is_waited_for(load, simulator, run):
    load("sync.crm_operacao", 3)
    CircuitBreaker.objects.get_or_create(service="operacao")
    circuit_breakers.pause("operacao", actor="user:ana")
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    thread = in_thread("sync.crm_operacao")
    until(lambda: SyncRun.objects.filter(pk=begun.pk, waiting_for="operacao").exists(), "the run waited")
    assert writes(simulator, "operacao") == 0
    circuit_breakers.resume("operacao", actor="user:ana")
    thread.join(PATIENCE)
    begun.refresh_from_db()
    assert begun.status == "done"


def test_cancel_works_within_a_page_and_records_who(load, simulator):
    load("sync.crm_operacao", 100)
    simulator.fault("operacao", slow=2000)
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    thread = in_thread("sync.crm_operacao")
    until(lambda: writes(simulator, "operacao") > 3, "the page was under way")
    runs.cancel(begun.pk, actor="user:bia")
    thread.join(PATIENCE)
    begun.refresh_from_db()
    assert (begun.status, begun.cancelled_by) == ("cancelled", "user:bia")
    assert 0 < begun.written < 100
    assert begun.written == len(simulator.state()["operacao"]["records"]["schedules"])
    with pytest.raises(runs.NotRunning):
        runs.cancel(begun.pk, actor="user:bia")


@pytest.mark.parametrize("name", ["sync.crm_operacao", "sync.cuidadores_crm"])
def test_run_that_another_worker_goes_on_with_counts_each_record_as_read_once(
    load, simulator, monkeypatch, name
):
    load(name, 100)
    target = Job.registry[name].target.name
    simulator.fault(target, slow=2000)
    monkeypatch.setattr(runs, "stopping", threading.Event())
    begun = runs.create_run(name, author="user:ana")
    thread = in_thread(name)
    until(lambda: writes(simulator, target) > 3, "the page was under way")
    runs.stopping.set()
    thread.join(PATIENCE)
    begun.refresh_from_db()
    assert begun.status == "running"
    assert 0 < begun.written < 100
    runs.stopping.clear()
    simulator.heal(target)
    worker.go_on(name)
    begun.refresh_from_db()
    assert (begun.status, begun.takeovers, begun.written, begun.read) == ("done", 1, 100, 100)


def test_record_that_is_written_only_when_it_is_tried_again_counts_as_read_once(
    run, load, simulator, monkeypatch
):
    monkeypatch.setattr(runner, "MOST_ATTEMPTS", 1)
    load("sync.cuidadores_crm", 5)
    simulator.fault("crm", status=503, path="/caregivers/3", times=1)
    ended = run("sync.cuidadores_crm")
    assert ended.lines.filter(code="retries").exists()
    assert (ended.status, ended.read, ended.written, ended.failed) == ("done", 5, 5, 0)
    assert ended.processed == 5


def test_run_that_nobody_works_on_is_cancelled_at_once(simulator):
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    assert runs.cancel(begun.pk, actor="user:bia").status == "cancelled"
    lines = [(line.code, line.detail) for line in begun.lines.all()]
    assert ("cancelled", {"actor": "user:bia"}) in lines
    assert [code for code, _detail in lines] == ["started", "cancelled", "finished"]


def test_started_job_cannot_be_started_again_while_it_runs(simulator):
    runs.request_run("sync.crm_operacao", author="user:ana")
    with pytest.raises(runs.AlreadyRunning):
        runs.request_run("sync.crm_operacao", author="user:bia")


def test_run_over_its_limit_is_stuck_and_another_goes_on_from_its_checkpoint(load, simulator, monkeypatch):
    load("sync.crm_operacao", 300)
    simulator.fault("operacao", slow=300)
    job = Job.registry["sync.crm_operacao"]
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    with monkeypatch.context() as short:
        short.setattr(type(job), "limit", timedelta(seconds=4))
        worker.go_on("sync.crm_operacao")
    begun.refresh_from_db()
    assert begun.status == "stuck"
    assert begun.lines.filter(code="over_limit").exists()
    following = begun.continued_by.get()
    assert following.checkpoint == begun.checkpoint
    assert following.window_at == begun.window_at
    simulator.heal("operacao")
    worker.go_on("sync.crm_operacao")
    following.refresh_from_db()
    assert (following.status, following.author) == ("done", "user:ana")
    assert len(simulator.state()["operacao"]["records"]["schedules"]) == 300


def test_runner_without_a_sign_loses_the_lock_and_writes_nothing_more(load, simulator, monkeypatch):
    load("sync.crm_operacao", 300)
    simulator.fault("operacao", slow=2000)
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    thread = in_thread("sync.crm_operacao")
    until(lambda: writes(simulator, "operacao") > 3, "the run was under way")
    monkeypatch.setattr(runs, "SILENT_AFTER", timedelta(seconds=-1))
    runs.watch()
    thread.join(PATIENCE)
    begun.refresh_from_db()
    assert begun.status == "stuck"
    assert LogLine.objects.filter(run=begun, code="no_signal").exists()
    assert begun.continued_by.get().status == "running"


def test_watch_asks_a_worker_to_go_on_with_what_was_left(simulator, monkeypatch):
    sent = []
    monkeypatch.setattr(runs, "wake_worker", sent.append)
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    runs.watch()
    assert sent == []
    SyncRun.objects.filter(pk=begun.pk).update(started_at=timezone.now() - timedelta(minutes=1))
    runs.watch()
    assert sent == ["sync.crm_operacao"]


@pytest.mark.parametrize("paused", ["operacao", "crm"])
def test_paused_system_receives_no_call_of_a_run_from_the_answer_on(load, simulator, paused):
    load("sync.crm_operacao", 300)
    simulator.fault("operacao", slow=2000)
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    thread = in_thread("sync.crm_operacao")
    threads = Job.registry["sync.crm_operacao"].target.threads + 1  # the one that reads has read all

    def all_threads_wait_for_an_answer_and_some_had_theirs():
        waiting = arrived(simulator, "operacao") - writes(simulator, "operacao")
        return writes(simulator, "crm") and waiting == threads

    until(all_threads_wait_for_an_answer_and_some_had_theirs, "nothing was on the wire")
    circuit_breakers.pause(paused, actor="user:bia")
    received = arrived(simulator, paused)
    until(lambda: SyncRun.objects.filter(pk=begun.pk, waiting_for=paused).exists(), "the run waited")
    assert arrived(simulator, paused) == received
    simulator.heal("operacao")
    circuit_breakers.resume(paused, actor="user:bia")
    thread.join(PATIENCE)
    begun.refresh_from_db()
    assert (begun.status, begun.written, begun.failed) == ("done", 300, 0)
    assert set(simulator.state()["operacao"]["writes"].values()) == {1}


def test_system_that_asked_a_lane_to_wait_is_left_alone_by_a_run_too(load, simulator):
    load("sync.crm_operacao", 3)
    asked = timezone.now() + timedelta(seconds=5)
    Lane.objects.update_or_create(name="operacao", defaults={"not_before": asked})
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    worker.go_on("sync.crm_operacao")
    begun.refresh_from_db()
    assert (begun.status, begun.written) == ("done", 3)
    assert begun.lines.filter(code="waits").exists()
    assert all(call["at"] >= asked.timestamp() for call in simulator.calls("operacao"))


@pytest.mark.parametrize("system", ["operacao", "crm"])
def test_system_that_asks_a_run_to_wait_is_left_alone_by_runs_and_lanes(load, simulator, system):
    load("sync.crm_operacao", 100)
    begun = runs.create_run("sync.crm_operacao", author="user:ana")
    simulator.fault(system, status=429, retry_after=8)
    thread = in_thread("sync.crm_operacao")
    until(lambda: Lane.objects.filter(name=system, not_before__gt=timezone.now()).exists(), "it was told")
    simulator.heal(system)
    until(lambda: SyncRun.objects.filter(pk=begun.pk, waiting_for=system).exists(), "the run waited")
    received = len(simulator.calls(system))
    time.sleep(1)
    assert len(simulator.calls(system)) == received
    thread.join(PATIENCE)
    begun.refresh_from_db()
    assert (begun.status, begun.written, begun.failed) == ("done", 100, 0)


def test_run_whose_job_no_file_declares_any_more_ends_with_a_sentence(transactional_db):
    SyncJob.objects.create(name="sync.gone")
    run = SyncRun.objects.create(job_id="sync.gone", kind="full", author="schedule")
    assert worker.go_on("sync.gone") is None
    run.refresh_from_db()
    assert (run.status, run.reason) == ("failed", "The job is declared by no file any more")
    assert run.lines.filter(code="undeclared").exists()
    assert worker.run_scheduled("sync.gone") is None  # a message that was on its way
    assert SyncRun.objects.filter(job_id="sync.gone").count() == 1
