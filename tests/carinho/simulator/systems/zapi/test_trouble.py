"""Faults of callbacks, refusals of WhatsApp, and everything at random."""

import threading

import pytest
import requests

from carinho.simulator.client import SimulatorError
from carinho.simulator.systems.zapi.faults import ERRORS
from tests.carinho.simulator.systems.zapi.conftest import PHONE, TEXT


def test_duplicate_comes_again_the_same(send, simulator, listening):
    simulator.zapi_webhook_fault("duplicate", type="DeliveryCallback")
    send()
    assert simulator.zapi_wait()
    first, second = listening.of("DeliveryCallback")
    assert first == second


def test_twins_are_under_way_at_the_same_time(send, simulator, listening):
    both = threading.Barrier(2, timeout=60)
    listening.before_answer = lambda body: both.wait() if body.get("status") == "READ" else None
    simulator.zapi_webhook_fault("twins", status="READ")
    message = send()
    assert simulator.zapi_wait()
    assert listening.statuses(message) == ["SENT", "RECEIVED", "READ", "READ"]
    assert [(it["fault"], it["answer"]) for it in simulator.zapi_callbacks(limit=2)] == [("twins", 200)] * 2


def test_lost_callback_is_only_in_the_log(send, simulator, listening):
    simulator.zapi_webhook_fault("lose", status="READ")
    message = send()
    assert simulator.zapi_wait()
    assert listening.statuses(message) == ["SENT", "RECEIVED"]
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["status"], truth["notified"]) == ("READ", "RECEIVED")
    assert simulator.zapi_callbacks(limit=1)[0]["error"] == "lost"


def test_late_callback_comes_after_a_minute(send, simulator, listening):
    simulator.zapi_settings(speed=20)  # the others come in less than three seconds
    simulator.zapi_webhook_fault("delay", type="DeliveryCallback")
    message = send()
    assert simulator.zapi_wait()
    assert [body["type"] for body in listening.received][-1] == "DeliveryCallback"
    assert listening.statuses(message) == ["SENT", "RECEIVED", "READ"]


def test_statuses_change_places(send, simulator, listening):
    simulator.zapi_settings(speed=10)  # a held one is waited for a second longer than the next takes
    simulator.zapi_webhook_fault("reorder", status="RECEIVED")
    simulator.zapi_webhook_fault("reorder", type="DeliveryCallback")
    message = send()
    assert simulator.zapi_wait()
    assert listening.statuses(message) == ["SENT", "READ", "RECEIVED"]
    assert [body["type"] for body in listening.received][:2] == ["ReceivedCallback", "DeliveryCallback"]


def test_held_callback_comes_though_no_other_follows(send, simulator, listening):
    simulator.zapi_webhook_fault("reorder", status="READ")
    message = send()
    assert simulator.zapi_wait()
    assert listening.statuses(message) == ["SENT", "RECEIVED", "READ"]


def test_fault_of_callbacks_ends_after_its_times_and_by_healing(send, simulator, listening):
    simulator.zapi_webhook_fault("lose", type="DeliveryCallback", times=1)
    simulator.zapi_webhook_fault("lose", type="ReceivedCallback")
    send()
    send()
    assert simulator.zapi_wait()
    assert len(listening.of("DeliveryCallback")) == 1
    simulator.zapi_heal()
    send()
    assert simulator.zapi_wait()
    assert len(listening.of("ReceivedCallback")) == 1


@pytest.mark.parametrize("error", [*ERRORS, "Some text nobody documented"])
def test_error_is_reported_and_nothing_follows(send, simulator, listening, error):
    simulator.zapi_outcome(error, times=1)
    message = send()
    assert simulator.zapi_wait()
    [body] = listening.received
    assert (body["error"], "errorCode" in body) == (error, False)
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["received"], truth["status"], truth["error"]) == (0, "FAILED", error)


def test_shadow_ban_is_reported_by_its_code(send, simulator, listening):
    simulator.zapi_outcome("SHADOW_BAN")
    send()
    assert simulator.zapi_wait()
    assert listening.received[0]["errorCode"] == "SHADOW_BAN"
    assert listening.received[0]["error"]


def test_error_may_be_wrong(send, simulator, listening):
    simulator.zapi_outcome("Timeout on send message", anyway=True)
    message = send()
    assert simulator.zapi_wait()
    assert listening.received[0]["error"] == "Timeout on send message"
    assert listening.statuses(message)[-1] == "READ"
    assert simulator.zapi_truth()["messages"][message]["status"] == "READ"


def test_outcome_meets_only_its_phone(send, simulator, listening):
    simulator.zapi_outcome("Error on send message", phone="5511987650001")
    send()
    send(phone="5511987650001")
    assert simulator.zapi_wait()
    errors = {body["phone"]: body.get("error") for body in listening.of("DeliveryCallback")}
    assert errors == {PHONE: None, "5511987650001": "Error on send message"}


def test_send_may_be_accepted_and_never_answered(zapi, simulator, listening):
    simulator.fault("zapi", stall=True, path="send-text", times=1)
    base = f"{simulator.url}/zapi/instances/simulator/token/simulator/send-text"
    with pytest.raises(requests.ReadTimeout):
        requests.post(base, json=TEXT, headers={"Client-Token": "simulator"}, timeout=2)
    assert simulator.zapi_wait()
    assert simulator.zapi_truth()["people"] == {PHONE: {"Olá, Maria!": 1}}


def test_answer_may_be_empty_though_the_message_goes(zapi, simulator, listening):
    simulator.fault("zapi", garbage="empty")
    answer = zapi("POST", "send-text", TEXT)
    assert (answer.status_code, answer.content) == (200, b"")
    listening.wait_for(1, "DeliveryCallback")


def test_chaos_spoils_a_part_of_everything_and_the_truth_still_adds_up(zapi, simulator, listening):
    simulator.zapi_settings(speed=2_000)
    simulator.zapi_chaos(seed=7, stall=0, slow=0, flap=0.02, noise=0.2)
    accepted = 0
    for number in range(150):
        try:
            accepted += zapi("POST", "send-text", TEXT | {"message": f"{number}"}).ok
        except requests.ConnectionError:
            continue
    assert simulator.zapi_wait(60)
    outcomes = simulator.counts()["zapi"]["POST /send-text"]
    assert {"200", "drop", "drop_before", "garbage", "500"} <= outcomes.keys()
    faults = {attempt["fault"] for attempt in simulator.zapi_callbacks(20_000)}
    assert {None, "duplicate", "twins", "lose", "reorder"} <= faults
    truth = simulator.zapi_truth()
    assert len(truth["messages"]) == outcomes["200"] + outcomes["drop"] + outcomes["garbage"]
    assert {it["status"] for it in truth["messages"].values()} == {"READ", "FAILED"}
    assert set(truth["people"][PHONE].values()) == {1}


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda it: it.zapi_webhook_fault("explode"), "Invalid kind"),
        (lambda it: it.zapi_webhook_fault("lose", rate=2), "Invalid rate"),
        (lambda it: it.zapi_outcome("x", times=0), "Invalid times"),
        (lambda it: it.zapi_chaos(drop=3), "Invalid drop"),
        (lambda it: it.zapi_settings(speed=0), "Invalid speed"),
        (lambda it: it.zapi_settings(mood=1), "Invalid mood"),
        (lambda it: it.zapi_disconnect(queued=2_000), "Invalid queued"),
    ],
)
def test_switch_that_makes_no_sense_is_refused_with_its_reason(simulator, ask, reason):
    with pytest.raises(SimulatorError, match=reason):
        ask(simulator)
