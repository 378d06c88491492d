"""What the simulator tells of itself, and what it refuses to be told."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from carinho.simulator.client import Simulator, SimulatorError, running

LEAD = {"name": "Maria Souza", "phone": "5511987654321"}


def test_last_calls_are_told_newest_first_with_what_was_sent_and_answered(call, simulator):
    call("GET", "/crm/api/v1/leads", params={"phone": LEAD["phone"]})
    headers = {"X-Request-ID": "request-1", "X-Source-System": "integracoes"}
    call("POST", "/crm/api/v1/leads", LEAD, key="delivery-x", headers=headers)
    post, get = simulator.calls("crm")
    assert (post["call"], post["path"], post["outcome"]) == ("POST /api/v1/leads", "/api/v1/leads", "201")
    assert (post["body"], post["answer"]) == (LEAD, {"data": {**LEAD, "id": 1}})
    assert (post["idempotency_key"], post["request_id"], post["source_system"]) == (
        "delivery-x",
        "request-1",
        "integracoes",
    )
    assert (get["method"], get["query"], get["body"]) == ("GET", {"phone": LEAD["phone"]}, None)
    assert simulator.calls("crm", limit=1) == [post]


def test_query_is_shown_as_it_was_meant(call, simulator):
    call(
        "GET",
        "/cuidadores/api/v1/caregivers",
        params={"updated_since": "2026-11-20T15:00:00+00:00", "a&b": "c"},
    )
    [listed] = simulator.calls("cuidadores")
    assert listed["query"] == {"updated_since": "2026-11-20T15:00:00+00:00", "a&b": "c"}


def test_refused_calls_are_counted_too(call, simulator):
    call("POST", "/crm/api/v1/leads", {})
    call("GET", "/crm/api/v1/nothing/7")
    assert simulator.counts()["crm"] == {"POST /api/v1/leads": {"422": 1}, "GET (unknown path)": {"404": 1}}


def test_loaded_records_keep_their_ids_and_the_next_follows(call, simulator):
    simulator.load({"crm": {"leads": [{"id": 40, **LEAD}, {"name": "Rosa", "phone": "5511900000001"}]}})
    assert call("POST", "/crm/api/v1/leads", LEAD).json()["data"] == {"id": 40}
    fresh = call("POST", "/crm/api/v1/leads", {"phone": "5511900000002"}).json()["data"]
    assert fresh["id"] == 42


def test_body_that_cannot_be_read_is_listed_as_none(call, simulator):
    call("POST", "/crm/api/v1/leads", data=b"{")
    [listed] = simulator.calls("crm")
    assert (listed["body"], listed["outcome"]) == (None, "400")


def test_world_of_many_megabytes_is_loaded(simulator):
    contracts = [{"id": number, "notes": "x" * 500} for number in range(1, 8_001)]
    simulator.load({"crm": {"contracts": contracts}})
    assert len(simulator.state()["crm"]["records"]["contracts"]) == 8_000


def test_reset_forgets_records_counts_and_keys(call, simulator):
    call("POST", "/crm/api/v1/leads", LEAD, key="delivery-x")
    simulator.reset()
    crm = simulator.state()["crm"]
    assert (crm["records"]["leads"], crm["calls"], crm["writes"]) == ([], {}, {})
    assert call("POST", "/crm/api/v1/leads", LEAD, key="delivery-x").status_code == 201


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda it: it.fault("payroll", down=True), "No system is called 'payroll'"),
        (lambda it: it.heal("payroll"), "No system is called 'payroll'"),
        (lambda it: it.calls("payroll"), "No system is called 'payroll'"),
        (lambda it: it.calls("crm", limit=-1), "Invalid limit"),
        (lambda it: it.zapi_callbacks(limit=-1), "Invalid limit"),
        (lambda it: it.fault("crm", times=2), "A fault needs one of"),
        (lambda it: it.fault("crm", down=True, mood="bad"), "A fault has no mood"),
        (lambda it: it.fault("crm", status=42), "Invalid status: 42"),
        (lambda it: it.fault("crm", status="503"), "Invalid status"),
        (lambda it: it.fault("crm", slow=-1), "Invalid slow"),
        (lambda it: it.fault("crm", down=True, rate=2), "Invalid rate"),
        (lambda it: it.fault("crm", down=True, times=0), "Invalid times"),
        (lambda it: it.fault("crm", garbage="xml"), "Invalid garbage"),
        (lambda it: it.load({"payroll": {}}), "No system is called 'payroll'"),
        (lambda it: it.load({"crm": {"invoices": []}}), "crm has no invoices"),
        (lambda it: it.load({"zapi": {"leads": []}}), "zapi has no leads"),
    ],
)
def test_order_that_makes_no_sense_is_refused_with_its_reason(simulator, ask, reason):
    with pytest.raises(SimulatorError, match=reason):
        ask(simulator)
    assert simulator.faults() == {}


def test_control_that_does_not_exist_is_not_found(simulator):
    assert requests.get(f"{simulator.url}/_control/nothing", timeout=60).status_code == 404
    assert requests.put(f"{simulator.url}/_control/faults/crm", data="{", timeout=60).status_code == 400


def test_simulator_ends_with_its_block_and_its_absence_is_one_sentence():
    with running() as simulator:
        assert simulator.faults() == {}
    with pytest.raises(SimulatorError, match=r"^No simulator answers at http://127.0.0.1:\d+\.$"):
        simulator.faults()


def test_taken_port_is_said_and_not_waited_for(simulator):
    port = int(simulator.url.rpartition(":")[2])
    with pytest.raises(SimulatorError, match="did not start"), running(port):
        pass


class Greeter(BaseHTTPRequestHandler):
    """Some other server: it greets whoever comes, and refuses orders with a page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Hello")


@pytest.mark.parametrize("ask", [lambda it: it.faults(), lambda it: it.heal("crm")])
def test_other_server_is_not_taken_for_a_simulator(ask):
    with HTTPServer(("127.0.0.1", 0), Greeter) as other:
        threading.Thread(target=other.handle_request).start()
        with pytest.raises(SimulatorError, match="is no simulator"):
            ask(Simulator(f"http://127.0.0.1:{other.server_port}"))
