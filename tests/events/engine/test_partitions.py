"""Several lanes of one system: who takes whom, and what they may do together."""

import threading
from collections import defaultdict
from contextlib import ExitStack, contextmanager

import pytest
from django.db import connection
from django.utils import timezone

from carinho.database import run
from carinho.services.base import Transport
from events.checks import lanes_can_be_shared
from events.engine import circuit_breakers, lane, partitions, recovery, transitions, wakeup
from events.engine.partitions import Partition, lanes_of
from events.models import Attempt, CircuitBreaker, Delivery, Lane
from tests.events.conftest import BILLING, Billing
from tests.events.engine.test_lane import SlowSystem, until
from whatsapp.zapi import WhatsApp

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60  # seconds, for a machine ten times slower


@pytest.fixture(autouse=True)
def messages(settings, monkeypatch):
    """The lanes that a worker was asked to drain, of a hub whose systems are shared by four."""
    sent = []
    settings.LANE_PARTITIONS, settings.LANES = 4, ["billing"]
    monkeypatch.setattr(wakeup, "send_message", sent.append)
    monkeypatch.setattr(wakeup, "notified_at", {})
    wakeup.ensure_lanes()
    return sent


@pytest.fixture(autouse=True)
def processes_of_their_own(monkeypatch):
    """Each lane knows the circuit by its own calls and the row, as in a process of its own."""
    transports = defaultdict(lambda: Transport(Billing))

    def own(cls):
        return transports[threading.current_thread().name.partition("_")[0]]

    monkeypatch.setattr(Billing, "shared_transport", classmethod(own))
    monkeypatch.setattr(lane, "stopping", threading.Event())


@contextmanager
def all_at_work():
    """Billing's lanes drain, each in a thread of its own, until the end of the block."""

    def work(name):
        try:
            lane.drain(name)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,), name=name) for name in lanes_of("billing")]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        lane.stopping.set()
        for thread in threads:
            thread.join(PATIENCE)


def all_are_done():
    return not Delivery.objects.exclude(status="done").exists()


def await_calls(system, number):
    for _ in range(number):
        assert system.arrived.acquire(timeout=PATIENCE)


def share_of(name):
    return {claim.event.payload["id"] for claim in transitions.claim(name, 99)}


def test_lanes_share_all_deliveries_and_a_person_has_one_of_them(make_delivery):
    for id in range(1, 41):
        make_delivery(id)
    later = {make_delivery(100 + id, family=f"family-{id}").pk: id for id in range(1, 41)}
    shares = [share_of(name) for name in lanes_of("billing")]
    assert all(shares)
    assert sorted(id for share in shares for id in share) == list(range(1, 41))
    Delivery.objects.filter(status="running").update(status="done", due_at=None, leased_until=None)
    assert [share_of(name) for name in lanes_of("billing")] == [
        {100 + id for id in share} for share in shares
    ]
    assert len(later) == 40


def test_deliveries_of_nobody_are_shared_too(make_delivery):
    ids = {make_delivery(id).event_id for id in range(1, 9)}
    Delivery.objects.update(subject="")
    taken = [{claim.event.id for claim in transitions.claim(name, 99)} for name in lanes_of("billing")]
    assert [len(share) for share in taken] == [2, 2, 2, 2]
    assert set.union(*taken) == ids


def test_next_due_is_that_of_the_lanes_own_share(make_delivery):
    row = make_delivery()
    row.refresh_from_db()
    known = [lane.next_due(name) for name in lanes_of("billing")]
    assert sorted(known, key=str) == [row.due_at, None, None, None]


@pytest.mark.parametrize(
    ("setting", "limits", "number"),
    [
        (4, {}, 4),
        (8, {}, 8),
        (16, {}, 16),
        (1, {}, 1),
        (8, {"threads": 7}, 4),
        (8, {"threads": 1}, 1),
        (8, {"calls_per_second": 8}, 4),
        (8, {"calls_per_second": 1}, 1),
    ],
)
def test_system_has_no_more_lanes_than_it_takes_calls(settings, monkeypatch, setting, limits, number):
    settings.LANE_PARTITIONS = setting
    for name, value in limits.items():
        monkeypatch.setattr(Billing, name, value)
    assert len(lanes_of("billing")) == number
    assert lanes_of("billing")[-1] == ("billing" if number == 1 else f"billing:{number - 1}/{number}")


def test_whatsapp_and_what_is_no_system_have_one_lane():
    assert lanes_of(WhatsApp.name) == ["whatsapp"]
    assert lanes_of("none") == ["none"]
    assert Partition.named("whatsapp") == Partition("whatsapp", index=0, of=1)


def test_other_numbers_of_lanes_are_refused_at_start(settings):
    for settings.LANE_PARTITIONS in (1, 2, 4, 8, 16):
        assert lanes_can_be_shared() == []
    settings.LANE_PARTITIONS = 3
    (error,) = lanes_can_be_shared()
    assert error.id == "events.E003"


@pytest.mark.parametrize(
    ("held", "free", "not_free"),
    [
        ("billing", [], ["billing", "billing:0/2", "billing:3/4", "billing:15/16"]),
        (
            "billing:0/2",
            ["billing:1/2", "billing:1/4", "billing:3/4", "billing:15/16"],
            ["billing", "billing:0/2", "billing:0/4", "billing:2/4", "billing:6/16"],
        ),
        ("billing:1/4", ["billing:0/2", "billing:3/4", "chat"], ["billing", "billing:1/2", "billing:5/8"]),
    ],
)
def test_lanes_of_two_numbers_never_have_the_same_person(held, free, not_free):
    def is_free(name):
        with lane._only_drain(name) as session:
            return session is not None

    with lane._only_drain(held) as session:
        assert session
        assert [name for name in [*free, *not_free] if is_free(name)] == free


def test_locks_of_all_lanes_are_different_ones(settings):
    names = [
        name
        for service in ["billing", "whatsapp", *settings.SYSTEMS]
        for number in partitions.NUMBERS
        for index in range(number)
        for name in (Partition(service, index, number).lane, *Partition(service, index, number).buckets)
    ]
    different = run("SELECT count(DISTINCT hashtext(name)) FROM unnest(%s::text[]) AS name", [names])
    assert different == [(len(set(names)),)]


def test_lanes_together_make_no_more_calls_at_once_than_one_and_keep_each_persons_order(make_delivery, calls):
    for id in range(1, 101):
        make_delivery(id, family=f"family-{id % 50}")
    system = SlowSystem(calls, ids=range(1, 101))
    with all_at_work():
        await_calls(system, Billing.threads)
        assert not system.arrived.acquire(timeout=0.5)
        system.may_answer.set()
        until(all_are_done)
    sent = [int(call.request.path_url.split("/")[2]) for call in calls.calls]
    assert sorted(sent) == list(range(1, 101))
    assert all(sent.index(id) < sent.index(id + 50) for id in range(1, 51))


def open_circuit():
    hour_ago = timezone.now() - timezone.timedelta(hours=1)
    circuit = {"state": "open", "trips": 1, "opened_at": hour_ago, "outage_since": hour_ago, "version": 5}
    CircuitBreaker.objects.filter(service="billing").update(**circuit)


def test_one_lane_of_all_finds_out_if_the_system_is_back(make_delivery, calls):
    for id in range(1, 13):
        make_delivery(id)
    system = SlowSystem(calls, ids=range(1, 13))
    open_circuit()
    with all_at_work():
        await_calls(system, 1)
        assert not system.arrived.acquire(timeout=0.7)  # the others looked several times
        system.may_answer.set()
        until(all_are_done)
    assert CircuitBreaker.objects.get(service="billing").state == "closed"
    assert Attempt.objects.filter(is_probe=True).count() == 2


def test_after_a_failed_trial_no_other_lane_makes_one_of_its_own(make_delivery, calls):
    for id in range(1, 13):
        make_delivery(id)
    system = SlowSystem(calls, ids=range(1, 13), status=503)
    system.may_answer.set()
    open_circuit()
    with all_at_work():
        await_calls(system, 1)
        assert not system.arrived.acquire(timeout=0.7)
        until(lambda: CircuitBreaker.objects.get(service="billing").trips == 2)
    assert CircuitBreaker.objects.get(service="billing").state == "open"
    assert Attempt.objects.count() == 1


def test_lane_without_due_work_leaves_the_trial_to_one_that_has(make_delivery, calls):
    make_delivery()
    calls.put(f"{BILLING}/visits/42/hours", json={})
    open_circuit()
    with all_at_work():
        until(all_are_done)
    assert Attempt.objects.get().is_probe


def test_system_that_asked_one_lane_to_wait_is_left_alone_by_all(make_delivery):
    for id in range(1, 21):
        make_delivery(id)
    circuit_breakers.leave_alone("billing", timezone.timedelta(minutes=2))
    assert not any(share_of(name) for name in lanes_of("billing"))
    for name in lanes_of("billing"):
        assert lane._set_listening(Partition.named(name), 9) is not None


def test_event_wakes_all_lanes_of_its_system_those_that_listen_without_a_message(make_delivery, messages):
    lane._set_listening(Partition.named("billing:2/4"), 15)
    make_delivery()
    assert sorted(messages) == ["billing:0/4", "billing:1/4", "billing:3/4"]


def test_recovery_knows_the_lanes_of_a_number_that_was_set_since_the_last_migration(
    make_delivery, messages, settings
):
    settings.LANE_PARTITIONS = 2
    make_delivery()
    Lane.objects.exclude(name="billing").delete()
    wakeup.notified_at.clear()
    messages.clear()
    recovery.recover_all()
    assert sorted(messages) == lanes_of("billing")
    assert set(Lane.objects.values_list("name", flat=True)) == {"billing", *messages}


def test_lane_that_a_frozen_worker_holds_is_taken_over_and_those_beside_it_are_left_alone(settings):
    settings.LEASE_SECONDS = 0
    with ExitStack() as held:
        sessions = {name: held.enter_context(lane._only_drain(name)) for name in lanes_of("billing")}
        for name in sessions:
            lane._set_listening(Partition.named(name), -1 if name == "billing:1/4" else 60)
        lane._set_listening(Partition("billing"), -3600)  # its lane was the only one, long ago
        recovery.recover_all()
        assert [name for name, session in sessions.items() if _is_over(session)] == ["billing:1/4"]
        with lane._only_drain("billing:1/4") as session:
            assert session


def _is_over(session):
    try:
        session.execute("SELECT 1")
    except Exception:  # noqa: BLE001 -- whatever it says
        return True
    return False
