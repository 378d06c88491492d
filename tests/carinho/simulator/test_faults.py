"""Faults on a switch: what the caller sees, and whether the work was done."""

import pytest
import requests

LEADS = "/crm/api/v1/leads"
PATIENCE = 2  # seconds that a caller waits for its answer: the call has long arrived
LEAD = {"name": "Maria Souza", "phone": "5511987654321"}


def post(call, **given):
    return call("POST", LEADS, LEAD, **given)


def leads(simulator):
    return simulator.state()["crm"]["records"]["leads"]


def outcomes(simulator):
    return simulator.counts()["crm"].get("POST /api/v1/leads", {})


def test_status_is_answered_without_work(call, simulator):
    simulator.fault("crm", status=503, retry_after=30)
    answer = post(call)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.json()["message"]
    assert leads(simulator) == []
    assert outcomes(simulator) == {"503": 1}


def test_status_may_carry_a_body(call, simulator):
    simulator.fault("crm", status=422, body={"message": "Invalid phone number"})
    assert post(call).json() == {"message": "Invalid phone number"}


def test_slow_system_has_done_its_work_when_the_caller_gives_up(call, simulator):
    simulator.fault("crm", slow=5_000)
    with pytest.raises(requests.ReadTimeout):
        post(call, timeout=PATIENCE)
    assert len(leads(simulator)) == 1


def test_slow_answer_arrives_after_its_delay(call, simulator):
    simulator.fault("crm", slow=150)
    answer = post(call)
    assert answer.status_code == 201
    assert answer.elapsed.total_seconds() >= 0.15


def test_answer_that_drips_comes_byte_by_byte_and_whole_if_somebody_waits(call, simulator):
    simulator.fault("crm", drip=1)
    answer = post(call, stream=True)
    assert len(next(answer.iter_content(None))) < len(answer.request.body)
    simulator.fault("crm", drip=5_000)
    with pytest.raises(requests.ConnectionError):  # each byte may come in time; the caller's limit is its own
        post(call, timeout=PATIENCE)
    assert len(leads(simulator)) == 1


def test_hanging_system_never_answers_and_does_nothing(call, simulator):
    simulator.fault("crm", hang=True)
    with pytest.raises(requests.ReadTimeout):
        post(call, timeout=PATIENCE)
    assert leads(simulator) == []
    assert outcomes(simulator) == {"hang": 1}


def test_drop_does_the_work_and_a_repeat_gets_its_answer(call, simulator):
    simulator.fault("crm", drop=True, times=1)
    with pytest.raises(requests.ConnectionError):
        post(call, key="delivery-x")
    again = post(call, key="delivery-x")
    assert again.status_code == 201
    crm = simulator.state()["crm"]
    assert crm["records"]["leads"] == [again.json()["data"]]
    assert (crm["writes"], crm["repeats"]) == ({"delivery-x": 1}, {"delivery-x": 1})
    assert outcomes(simulator) == {"drop": 1, "201": 1}


@pytest.mark.parametrize("kind", ["drop_before", "down"])
def test_connection_closed_first_means_no_work(call, simulator, kind):
    simulator.fault("crm", **{kind: True})
    with pytest.raises(requests.ConnectionError):
        post(call)
    assert leads(simulator) == []
    assert outcomes(simulator) == {kind: 1}


@pytest.mark.parametrize(("kind", "content_type"), [("html", "text/html"), ("json", "application/json")])
def test_garbage_is_a_200_nobody_can_read_after_the_work(call, simulator, kind, content_type):
    simulator.fault("crm", garbage=kind)
    answer = post(call)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(content_type)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert len(leads(simulator)) == 1


def test_fault_heals_by_itself_after_its_times(call, simulator):
    simulator.fault("crm", status=500, times=2)
    assert [post(call).status_code for _ in range(3)] == [500, 500, 201]
    assert simulator.faults() == {}


def test_fault_hits_only_its_path(call, simulator):
    simulator.fault("crm", status=500, path="/leads")
    assert post(call).status_code == 500
    assert call("GET", "/crm/api/v1/contracts").status_code == 200


def test_fault_hits_only_its_system(call, simulator):
    simulator.fault("crm", down=True)
    assert call("GET", "/cuidadores/api/v1/caregivers").status_code == 200


def test_rate_hits_the_same_share_of_calls_in_every_run(call, simulator):
    runs = []
    for _ in range(2):
        simulator.fault("crm", status=500, rate=0.3)
        runs.append([call("GET", LEADS).status_code for _ in range(60)])
    assert runs[0] == runs[1]
    assert 5 < runs[0].count(500) < 35


def test_whatsapp_send_may_be_queued_and_then_time_out(zapi, simulator):
    simulator.fault("zapi", drop=True, path="send-text")
    with pytest.raises(requests.ConnectionError):
        zapi("POST", "send-text", {"phone": "5511987654321", "message": "Olá"})
    assert len(simulator.state()["zapi"]["records"]["messages"]["5511987654321"]) == 1


def test_faults_are_shown_and_healed(simulator):
    simulator.fault("crm", slow=50, status=503)
    simulator.fault("zapi", down=True)
    assert simulator.faults() == {"crm": {"status": 503, "slow": 50}, "zapi": {"down": True}}
    assert simulator.state()["crm"]["fault"] == {"status": 503, "slow": 50}
    simulator.heal("crm")
    assert simulator.faults() == {"zapi": {"down": True}}
    simulator.reset()
    assert simulator.faults() == {}
