"""One system's breaker as several processes share it: a lane, and a synchronisation beside it."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.services.circuit_breaker import Breaker
from events.engine import circuit_breakers
from events.engine.circuit_breakers import SharedBreaker
from events.models import CircuitBreaker, Lane

pytestmark = pytest.mark.django_db


def process(failures: int = 1) -> SharedBreaker:
    shared = SharedBreaker("billing", Breaker("billing", failures=failures))
    shared.load()
    return shared


def fail(shared: SharedBreaker) -> None:
    with pytest.raises(OSError, match="away"), shared.breaker.calling():
        raise OSError("away")


def test_circuit_that_one_process_opened_is_open_for_the_others():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane, run = process(), process()
    fail(run)
    run.save()
    assert lane.lets_through(5) == 5
    lane.load()
    assert lane.lets_through(5) == 0


def test_looking_does_not_forget_what_the_own_calls_taught():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane = process()
    fail(lane)
    lane.load()
    assert lane.lets_through(5) == 0


def test_trial_goes_on_until_its_good_end_is_written_so_that_no_burst_comes_before_the_gentle_start():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane = process()
    fail(lane)
    lane.save()
    CircuitBreaker.objects.update(opened_at=timezone.now() - timedelta(hours=1), version=1)
    lane.load()
    for _ in range(2):
        with lane.breaker.calling():
            pass
    assert lane.lets_through(5) == 5
    assert lane.is_probe
    assert lane.closed_at is None
    lane.save()
    assert not lane.is_probe
    assert lane.closed_at


def test_process_that_looked_before_the_circuit_opened_does_not_close_it():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane, run = process(failures=5), process(failures=5)
    for _ in range(5):
        fail(lane)
    fail(run)
    lane.save()
    run.save()
    row = CircuitBreaker.objects.get(service="billing")
    assert (row.state, row.outage_since is not None) == ("open", True)
    assert run.lets_through(5) == 0


def test_two_processes_that_open_the_circuit_at_once_open_it_once():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane, run = process(), process()
    fail(lane)
    fail(run)
    lane.save()
    opened_at = CircuitBreaker.objects.get(service="billing").opened_at
    run.save()
    row = CircuitBreaker.objects.get(service="billing")
    assert (row.state, row.trips, row.opened_at) == ("open", 1, opened_at)


def test_count_of_another_process_does_not_forget_what_the_own_calls_taught():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane, run = process(failures=2), process(failures=2)
    fail(lane)
    fail(lane)  # open here, and not written yet
    fail(run)
    run.save()
    lane.load()
    assert lane.lets_through(5) == 0
    lane.save()
    assert CircuitBreaker.objects.get(service="billing").state == "open"


def test_half_open_is_measured_from_when_it_became_so(django_assert_num_queries):
    hour_ago = timezone.now() - timedelta(hours=1)
    CircuitBreaker.objects.update_or_create(
        service="billing",
        defaults={"state": "open", "trips": 1, "opened_at": hour_ago, "outage_since": hour_ago},
    )
    lane = process()
    assert lane.is_probe
    with lane.breaker.calling():
        pass
    lane.save()
    row = CircuitBreaker.objects.get(service="billing")
    assert (row.state, row.outage_since) == ("half_open", hour_ago)
    assert row.half_open_since > hour_ago
    with lane.breaker.calling():
        pass
    lane.save()
    row.refresh_from_db()
    assert (row.state, row.half_open_since, row.outage_since) == ("closed", None, None)
    assert row.closed_at > hour_ago
    assert not lane.is_probe
    with django_assert_num_queries(0):
        lane.save()


def test_failure_that_opens_nothing_does_not_count_as_a_return():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane = process(failures=2)
    fail(lane)
    lane.save()
    row = CircuitBreaker.objects.get(service="billing")
    assert (row.state, row.failure_count, row.closed_at, row.outage_since) == ("closed", 1, None, None)


def test_system_is_left_alone_until_the_latest_moment_it_asked_for_and_ten_minutes_at_most():
    leave_alone = partial(circuit_breakers.leave_alone, "billing")
    until = leave_alone(timedelta(minutes=4))
    assert leave_alone(timedelta(minutes=1)) == until
    longest = leave_alone(timedelta(days=400))
    assert timedelta(minutes=5) < longest - until < timedelta(minutes=7)
    assert Lane.objects.get(name="billing").not_before == longest


def test_system_that_no_release_knows_is_neither_paused_nor_reset():
    assert circuit_breakers.pause("telex", actor="user:ana") is None
    assert circuit_breakers.reset("telex", actor="user:ana") is None
    assert not AuditEntry.objects.exists()


def test_lane_is_notified_only_when_its_system_goes_offline_or_comes_back(monkeypatch):
    for service in ("billing", "chat"):
        CircuitBreaker.objects.get_or_create(service=service)
    notified = []
    monkeypatch.setattr(circuit_breakers.wakeup, "notify_changed", notified.append)
    since = timezone.now()
    for moment in (None, since, since + timedelta(minutes=1), None):
        circuit_breakers.set_offline("billing", moment)
        assert process().holds_all == bool(moment)
        assert CircuitBreaker.objects.get(service="chat").offline_since is None
    assert notified == ["billing", "billing"]
    assert CircuitBreaker.objects.get(service="billing").offline_since is None


def test_pause_and_resume_say_who_why_and_since_when(monkeypatch, django_capture_on_commit_callbacks):
    notified, woken = [], []
    monkeypatch.setattr(circuit_breakers.wakeup, "notify_changed", notified.append)
    monkeypatch.setattr(circuit_breakers.wakeup, "wake_up", woken.extend)
    CircuitBreaker.objects.get_or_create(service="billing")
    with django_capture_on_commit_callbacks(execute=True):
        paused = circuit_breakers.pause("billing", actor="user:ana", reason="Manutenção")
    assert notified == woken == ["billing"]
    assert (paused.paused_by, paused.pause_reason, paused.version) == ("user:ana", "Manutenção", 1)
    assert process().holds_all
    resumed = circuit_breakers.resume("billing", actor="user:bia")
    assert (resumed.paused_at, resumed.paused_by, resumed.pause_reason) == (None, "", "")
    assert resumed.closed_at is not None
    assert not process().holds_all
    details = AuditEntry.objects.order_by("pk").values_list("action", "detail")
    assert list(details) == [
        ("breaker.pause", {"reason": "Manutenção"}),
        ("breaker.resume", {"reason": ""}),
    ]


def test_reset_forgets_the_outage_and_what_the_system_asked_for():
    hour_ago = timezone.now() - timedelta(hours=1)
    CircuitBreaker.objects.update_or_create(
        service="billing",
        defaults={
            "state": "half_open", "trips": 3, "failure_count": 2, "good_probes": 1, "last_error": "away",
            "opened_at": hour_ago, "outage_since": hour_ago, "half_open_since": hour_ago,
            "next_probe_at": hour_ago,
        },
    )  # fmt: skip
    Lane.objects.update_or_create(
        name="billing", defaults={"not_before": timezone.now() + timedelta(minutes=9)}
    )
    row = circuit_breakers.reset("billing", actor="user:ana")
    assert Lane.objects.get(name="billing").not_before is None
    assert (row.state, row.trips, row.failure_count, row.good_probes, row.last_error) == (
        "closed",
        0,
        0,
        0,
        "",
    )
    assert {row.opened_at, row.outage_since, row.half_open_since, row.next_probe_at} == {None}
    assert row.closed_at is not None
