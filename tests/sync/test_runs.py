"""Who runs a job: how a run is begun, taken over, lost, ended, and found when nobody works on it."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.utils import timezone

from carinho.access.models import AuditEntry
from sync import runs
from sync.models import RunStatus, SyncRun
from sync.runs import AlreadyRunning, LostRun, StopRun, WorkerStopped

pytestmark = pytest.mark.django_db
NAME, OTHER = "sync.cuidadores_crm", "sync.crm_operacao"


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """The jobs that a worker was asked to go on with."""
    names = []
    monkeypatch.setattr(runs, "wake_worker", names.append)
    return names


def begun(name=NAME, **columns):
    run = runs.create_run(name, author="user:ana")
    SyncRun.objects.filter(pk=run.pk).update(**columns)
    run.refresh_from_db()
    return run


def codes(run):
    return list(run.lines.order_by("pk").values_list("code", flat=True))


def test_run_is_started_once_for_who_asked_and_a_worker_takes_it(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        run = runs.request_run(NAME, author="user:ana")
        assert sent == []
        with pytest.raises(AlreadyRunning) as refused:
            runs.request_run(NAME, author="user:bia")
        assert refused.value.run == run
    assert (sent, run.author, run.total, run.chosen, codes(run)) == (
        [NAME],
        "user:ana",
        None,
        {},
        ["started"],
    )
    assert list(AuditEntry.objects.values_list("action", "actor")) == [("sync.full", "user:ana")]
    with pytest.raises(LookupError):
        runs.request_run("sync.telex", author="user:ana")


def test_run_of_chosen_rows_counts_them_and_says_of_each_kind_what_was_asked():
    chosen = {"failures": [1, 2], "differences": [3]}
    run = runs.request_run(NAME, author="user:ana", kind="records", chosen=chosen)
    assert (run.total, run.chosen, run.since) == (3, chosen, None)
    details = dict(AuditEntry.objects.values_list("action", "detail"))
    assert details == {
        "sync.records": {"run": run.pk, "failures": [1, 2]},
        "sync.correct": {"run": run.pk, "differences": [3]},
    }


def test_next_run_reads_from_a_little_before_the_last_good_one():
    now = timezone.now()
    assert begun(status="failed", finished_at=now).since is None

    def ended(hours, name=NAME, **columns):
        moment = now - timedelta(hours=hours)
        begun(
            name,
            **{"status": "done", "finished_at": now, "window_at": moment, "started_at": moment} | columns,
        )

    ended(9)
    ended(8, status="incomplete")
    ended(5, kind="dry")
    ended(4, status="failed")
    ended(3, name=OTHER)
    assert runs.last_good_start(NAME) == now - timedelta(hours=8, minutes=5)
    assert begun().since == now - timedelta(hours=8, minutes=5)


def test_runner_that_takes_a_run_over_is_the_only_one_that_changes_it(caplog):
    assert runs.claim_run(NAME) is None
    run, other = begun(), begun(OTHER)
    first = runs.claim_run(NAME)
    assert (first.pk, first.takeovers, first.heartbeat_at is not None) == (run.pk, 0, True)
    second = runs.claim_run(NAME)
    assert (second.takeovers, codes(second)) == (1, ["started", "went_on"])
    for change in (runs.update_mine, lambda lost: runs.finish_run(lost, "done")):
        with pytest.raises(LostRun):
            change(first)
    runs.stop_run(first, StopRun(RunStatus.FAILED, "lost"))
    assert "Run was lost" in [record.message for record in caplog.records]
    runs.update_mine(second, read=7)
    runs.stop_run(second, StopRun(RunStatus.CANCELLED, "enough", line=("cancelled", {"actor": "user:ana"})))
    second.refresh_from_db()
    assert (second.status, second.reason, second.read) == ("cancelled", "enough", 7)
    assert second.finished_at is not None
    assert codes(second) == ["started", "went_on", "cancelled", "finished"]
    with pytest.raises(LostRun):
        runs.update_mine(second)
    other.refresh_from_db()
    assert (other.status, other.token) == ("running", None)


def test_runner_goes_on_until_its_worker_ends_its_lock_is_gone_or_somebody_cancels(monkeypatch):
    held, lost = SimpleNamespace(is_held=lambda: True), SimpleNamespace(is_held=lambda: False)
    monkeypatch.setattr(runs, "stopping", stopping := threading.Event())
    run = begun()
    runs.raise_if_stopped(run, held)
    with pytest.raises(LostRun):
        runs.raise_if_stopped(run, lost)
    SyncRun.objects.update(cancelled_by="user:bia")
    with pytest.raises(StopRun) as cancelled:
        runs.raise_if_stopped(run, held)
    assert cancelled.value.status == RunStatus.CANCELLED
    assert cancelled.value.line == ("cancelled", {"actor": "user:bia"})
    stopping.set()
    with pytest.raises(WorkerStopped):
        runs.raise_if_stopped(run, held)


def test_run_that_gets_nowhere_is_followed_by_one_that_goes_on_there(
    sent, django_capture_on_commit_callbacks
):
    run = begun(checkpoint={"stage": "again"}, since=timezone.now(), token=uuid4(), waiting_for="crm")
    with django_capture_on_commit_callbacks(execute=True):
        following = runs.close_as_stuck(run, "no_signal")
        assert runs.close_as_stuck(run, "no_signal") is None
    closed = SyncRun.objects.get(pk=run.pk)
    assert (closed.status, closed.waiting_for, closed.finished_at is not None) == ("stuck", "", True)
    assert codes(closed) == ["started", "no_signal"]
    assert (following.continues, following.status, codes(following)) == (run, "running", ["continues"])
    for name in ("job_id", "kind", "author", "window_at", "since", "chosen", "checkpoint"):
        assert getattr(following, name) == getattr(run, name)
    assert sent == [NAME]


@pytest.mark.parametrize(
    ("seconds", "is_held", "done"),
    [
        (60, True, []),
        (180, True, [("end", NAME), ("stuck", "no_signal")]),
        (5, False, []),
        (60, False, [("send", NAME)]),
        (180, False, [("send", NAME)]),
    ],
)
@pytest.mark.parametrize("sign", ["heartbeat_at", "started_at"])
def test_watch_finds_the_run_that_nobody_works_on(monkeypatch, seconds, is_held, done, sign):
    asked = []
    monkeypatch.setattr(runs, "lock_holder", lambda name: 7 if is_held else None)
    monkeypatch.setattr(runs, "end_holder", lambda name: asked.append(("end", name)))
    monkeypatch.setattr(runs, "close_as_stuck", lambda run, code: asked.append(("stuck", code)))
    monkeypatch.setattr(runs, "wake_worker", lambda name: asked.append(("send", name)))
    moments = {"started_at": timezone.now() - timedelta(days=1)}
    begun(**moments | {sign: timezone.now() - timedelta(seconds=seconds)})
    begun(OTHER, status="done", finished_at=timezone.now(), **moments)
    runs.watch()
    assert asked == done
