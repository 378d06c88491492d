"""What every system has in common: its key, its memory of idempotency keys, its refusals, its pages."""

import pytest

LEAD = {"name": "Maria Souza", "phone": "5511987654321"}
HISTORY = "/crm/api/v1/clients/7/history"


@pytest.mark.parametrize("key", [None, "wrong"])
@pytest.mark.parametrize(
    "system", ["crm", "operacao", "financeiro", "cuidadores", "atendimento", "marketing"]
)
def test_call_without_the_right_key_is_refused_with_a_message(call, system, key):
    answer = call("GET", f"/{system}/api/v1/leads", headers={"X-API-Key": key})
    assert answer.status_code == 401
    assert "API key" in answer.json()["message"]


def test_write_without_idempotency_key_is_refused(call, simulator):
    answer = call("POST", "/crm/api/v1/leads", LEAD, headers={"Idempotency-Key": None})
    assert answer.status_code == 400
    assert answer.json() == {"message": "Idempotency-Key is missing"}
    assert simulator.state()["crm"]["records"]["leads"] == []


def test_repeat_gets_the_first_answer_and_makes_nothing_again(call, simulator):
    first = call("POST", HISTORY, {"type": "visit"}, key="delivery-x")
    again = call("POST", HISTORY, {"type": "visit"}, key="delivery-x")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    crm = simulator.state()["crm"]
    assert len(crm["records"]["history"]) == 1
    assert crm["writes"] == {"delivery-x": 1}
    assert crm["repeats"] == {"delivery-x": 1}
    assert crm["calls"] == {"POST /api/v1/clients/{id}/history": {"201": 2}}


def test_one_key_may_write_to_two_places(call, simulator):
    lead = call("POST", "/crm/api/v1/leads", LEAD, key="delivery-x").json()["data"]
    call("PATCH", f"/crm/api/v1/leads/{lead['id']}", {"city": "Santos"}, key="delivery-x")
    crm = simulator.state()["crm"]
    assert crm["records"]["leads"] == [{**LEAD, "id": lead["id"], "city": "Santos"}]
    assert crm["writes"] == {"delivery-x": 2}
    assert crm["repeats"] == {}


def test_refused_write_is_judged_anew_when_it_comes_corrected(call, simulator):
    wrong = call("POST", "/crm/api/v1/leads", {**LEAD, "phone": "11987654321"}, key="delivery-x")
    right = call("POST", "/crm/api/v1/leads", LEAD, key="delivery-x")
    assert (wrong.status_code, right.status_code) == (422, 201)
    assert simulator.state()["crm"]["writes"] == {"delivery-x": 1}


@pytest.mark.parametrize(
    "phone", ["11987654321", "+5511987654321", "551198765432", "55119876543210", "55", 5511987654321, None]
)
def test_phone_of_another_shape_is_refused_with_the_field_named(call, phone):
    answer = call("POST", "/crm/api/v1/leads", {"name": "Maria", "phone": phone})
    if phone == "551198765432":
        assert answer.status_code == 201
    else:
        assert answer.status_code == 422
        assert answer.json()["message"] == "Invalid phone number"
        assert list(answer.json()["errors"]) == ["phone"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/crm/api/v1/nothing", 404),
        ("DELETE", "/crm/api/v1/leads", 405),
        ("PUT", "/crm/api/v1/caregivers/abc", 404),
        ("GET", "/payroll/api/v1/leads", 404),
    ],
)
def test_unknown_call_is_refused_with_a_message(call, method, path, status):
    answer = call(method, path, {} if method != "GET" else None)
    assert answer.status_code == status
    assert answer.json()["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_body_that_is_no_json_object_is_refused(call, body):
    assert call("POST", "/crm/api/v1/leads", data=body).status_code == 400


def test_missing_client_is_not_found_and_all_others_are(call, simulator):
    simulator.load({"crm": {"missing_clients": [7]}})
    missing, unheard, known = (
        call("POST", f"/crm/api/v1/clients/{client}/history", {}) for client in (7, 900_000, 8)
    )
    assert (missing.status_code, missing.json()) == (404, {"message": "Client not found"})
    assert (unheard.status_code, unheard.json()) == (404, {"message": "Client not found"})
    assert known.status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/crm/api/v1/leads/999999999"),
        ("POST", "/crm/api/v1/leads/999999999/interactions"),
        ("POST", "/crm/api/v1/contracts/999999999/synced"),
        ("POST", "/crm/api/v1/contracts/999999999/billing-configured"),
        ("GET", "/operacao/api/v1/services/999999999"),
        ("POST", "/operacao/api/v1/services/999999999/billed"),
        ("PUT", "/operacao/api/v1/caregivers/999999999/availability"),
        ("DELETE", "/financeiro/api/v1/invoices/service-999999999"),
        ("POST", "/cuidadores/api/v1/caregivers/999999999/ratings"),
        ("POST", "/cuidadores/api/v1/caregivers/999999999/notices"),
    ],
)
def test_record_that_nobody_has_is_not_found(call, method, path):
    answer = call(method, path, {} if method != "GET" else None)
    assert (answer.status_code, answer.json()["message"].rpartition(" ")[2]) == (404, "found")


def test_pages_follow_one_another_even_while_their_records_change(call, simulator):
    contracts = [{"id": number, "status": "active", "synced": False} for number in range(1, 251)]
    simulator.load({"crm": {"contracts": contracts}})
    seen, sizes, cursor = [], [], ""
    while cursor is not None:
        params = {"status": "active", "synced": "false", "limit": 100, "cursor": cursor}
        page = call("GET", "/crm/api/v1/contracts", params=params).json()
        for contract in page["data"]:
            call("POST", f"/crm/api/v1/contracts/{contract['id']}/synced", {"schedule_id": 1})
        seen += [contract["id"] for contract in page["data"]]
        sizes.append(len(page["data"]))
        cursor = page["next_cursor"]
    assert seen == [contract["id"] for contract in contracts]
    assert sizes == [100, 100, 50]


def test_page_is_never_longer_than_a_hundred(call, simulator):
    simulator.load({"crm": {"contracts": [{"status": "active"} for _ in range(120)]}})
    assert len(call("GET", "/crm/api/v1/contracts", params={"limit": 5000}).json()["data"]) == 100


@pytest.mark.parametrize("params", [{"cursor": "abc"}, {"limit": "-1"}])
def test_page_that_cannot_be_is_refused(call, params):
    assert call("GET", "/crm/api/v1/contracts", params=params).status_code == 400
