"""A comparison waits for a system as a run does: it says so, and has an end."""

import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from events.engine import circuit_breakers
from events.models import CircuitBreaker
from sync import labels, reconciliation, runs, status, worker
from sync.job import Job
from sync.models import SyncRun
from tests.processes import eventually

NAME = "sync.crm_operacao"
PATIENCE = 60  # seconds; only a comparison that does not end takes them all


@pytest.fixture
def compare(simulator):
    """Run a comparison in a thread, as a worker would; `meanwhile` is done as soon as `once` is true."""

    def go(meanwhile=None, *, once=lambda: True, kind="check", **columns):
        begun = runs.create_run(NAME, author="user:ana", kind=kind)
        SyncRun.objects.filter(pk=begun.pk).update(**columns)
        thread = threading.Thread(target=in_thread)
        thread.start()
        deadline = time.monotonic() + PATIENCE
        while meanwhile and not once() and time.monotonic() < deadline:
            time.sleep(0.05)
        if meanwhile:
            meanwhile()
        thread.join(PATIENCE)
        begun.refresh_from_db()
        return begun

    return go


def in_thread():
    try:
        worker.go_on(NAME)
    finally:
        connection.close()


def pause_crm():
    CircuitBreaker.objects.get_or_create(service="crm")
    circuit_breakers.pause("crm", actor="user:ana")


def codes(run):
    return list(run.lines.values_list("code", flat=True))


def test_comparison_says_for_how_long_it_waited_and_counts_on(compare):
    pause_crm()
    ended = compare(
        lambda: circuit_breakers.resume("crm", actor="user:ana"),
        once=lambda: SyncRun.objects.filter(waiting_for="crm", waiting_since__isnull=False).exists(),
        waited_seconds=5,
    )
    assert (ended.status, ended.waiting_for, ended.waiting_since) == ("done", "", None)
    assert codes(ended) == ["started", "waits", "goes_on", "checked", "finished"]
    assert ended.waited_seconds == 5 + ended.lines.get(code="goes_on").detail["seconds"]


@pytest.mark.parametrize("kind", ["full", "check"])
def test_run_or_comparison_of_a_system_that_stays_away_fails_after_the_hold_limit(compare, settings, kind):
    settings.HOLD_LIMIT_SECONDS = 0
    pause_crm()
    ended = compare(kind=kind)
    assert (ended.status, ended.waiting_for) == ("failed", "")
    assert ended.reason == "Failed to synchronise in CRM: Held for over 0 hours"
    assert "CRM: ficou fora por tempo demais" in labels.why(ended)
    assert runs.lock_holder(NAME) is None
    assert status.overview()[NAME]["check_error"] == (ended.reason if kind == "check" else "")


@pytest.mark.parametrize("kind", ["full", "check"])
def test_wait_is_counted_from_its_row_however_often_its_runner_was_replaced(compare, kind, settings):
    pause_crm()
    long_ago = timezone.now() - timedelta(seconds=settings.HOLD_LIMIT_SECONDS)
    ended = compare(kind=kind, waiting_for="crm", waiting_since=long_ago, token=uuid4())
    assert (ended.status, ended.takeovers, ended.waiting_since) == ("failed", 1, None)
    assert ended.reason == "Failed to synchronise in CRM: Held for over 24 hours"


@pytest.mark.parametrize("kind", ["full", "check"])
def test_wait_that_is_over_when_another_runner_takes_the_run_ends_well_with_all_of_its_time(
    compare, kind, settings
):
    long_ago = timezone.now() - timedelta(seconds=settings.HOLD_LIMIT_SECONDS)
    ended = compare(kind=kind, waiting_for="crm", waiting_since=long_ago, token=uuid4())
    assert (ended.status, ended.waiting_for, ended.waiting_since) == ("done", "", None)
    assert codes(ended)[:3] == ["started", "went_on", "goes_on"]
    assert ended.waited_seconds >= settings.HOLD_LIMIT_SECONDS


def test_wait_of_an_earlier_runner_gives_this_one_no_more_time_than_its_job_has(compare, monkeypatch):
    monkeypatch.setattr(type(Job.registry[NAME]), "limit", timedelta(0))
    long_ago = timezone.now() - timedelta(hours=1)
    ended = compare(waiting_for="crm", waiting_since=long_ago, token=uuid4())
    assert (ended.status, codes(ended)) == (
        "stuck",
        ["started", "went_on", "goes_on", "over_limit", "finished"],
    )


def test_run_that_was_left_waiting_and_is_cancelled_waits_no_more(simulator):
    begun = runs.create_run(NAME, author="user:ana")
    SyncRun.objects.filter(pk=begun.pk).update(waiting_for="crm", waiting_since=timezone.now())
    assert runs.cancel(begun.pk, actor="user:bia").waiting_for == ""


def test_comparison_over_the_limit_of_its_job_ends_and_is_not_begun_anew(compare, monkeypatch):
    monkeypatch.setattr(type(Job.registry[NAME]), "limit", timedelta(0))
    ended = compare()
    assert (ended.status, codes(ended)) == ("stuck", ["started", "over_limit", "finished"])
    assert SyncRun.objects.count() == 1
    assert status.overview()[NAME]["check_error"] == ended.reason
    assert labels.why(ended) == f'<span title="{ended.reason}">passou do tempo máximo</span>'


def test_trials_of_a_system_that_is_away_use_up_no_attempt_of_a_comparison(compare, simulator, monkeypatch):
    monkeypatch.setattr(reconciliation, "MOST_ATTEMPTS", 1)
    opened = {"state": "open", "opened_at": timezone.now() - timedelta(hours=1)}
    CircuitBreaker.objects.update_or_create(service="crm", defaults=opened)
    simulator.fault("crm", status=503)
    ended = compare(lambda: simulator.heal("crm"), once=lambda: len(simulator.calls("crm")) > 1)
    assert ended.status == "done"


@pytest.mark.parametrize("kind", ["full", "check"])
def test_read_that_is_refused_as_a_probe_says_neither_that_the_system_is_back_nor_that_it_refuses(
    compare, simulator, kind
):
    hour_ago = timezone.now() - timedelta(hours=1)
    CircuitBreaker.objects.update_or_create(
        service="crm", defaults={"state": "open", "trips": 1, "opened_at": hour_ago, "outage_since": hour_ago}
    )
    simulator.fault("crm", status=403)
    ended = compare(kind=kind)
    breaker = CircuitBreaker.objects.get(service="crm")
    assert (ended.status, breaker.refuses, breaker.closed_at) == ("failed", False, None)
    assert (breaker.state, breaker.opened_at) == ("open", hour_ago), (
        "a delivery may be sent as a probe at once"
    )
    assert CircuitBreaker.objects.get(service="operacao").state == "closed"


def test_record_that_is_refused_as_a_probe_does_not_say_that_its_run_goes_on(
    compare, simulator, load, settings
):
    settings.BREAKER_RESET_SECONDS = settings.BREAKER_RESET_MAX_SECONDS = 3600
    load(NAME, 3)
    simulator.fault("operacao", status=422)
    operacao = CircuitBreaker.objects.filter(service="operacao")
    CircuitBreaker.objects.create(
        service="operacao", state="open", opened_at=timezone.now(), outage_since=timezone.now()
    )

    def probe_is_due():
        operacao.update(opened_at=timezone.now() - timedelta(hours=2), version=F("version") + 1)

    def refuse_then_take():
        probe_is_due()
        assert eventually(operacao.filter(refused_since__isnull=False).exists, PATIENCE)
        assert SyncRun.objects.get().waiting_for == "operacao"
        simulator.heal("operacao")
        probe_is_due()

    def has_read_and_still_waits():
        return simulator.calls("crm") and SyncRun.objects.filter(waiting_for="operacao").exists()

    ended = compare(refuse_then_take, once=has_read_and_still_waits, kind="full")
    assert ended.status in ("done", "incomplete")
    assert codes(ended).count("goes_on") == codes(ended).count("waits") == 1, (
        "that its source was read says nothing of its target"
    )
    assert operacao.get().state == "closed"
