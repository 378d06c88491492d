"""Operação: schedules by contract, services to bill, clients."""

SERVICES = "/operacao/api/v1/services"


def finished(number, at, **more):
    return {"id": number, "status": "completed", "billed": False, "finished_at": at, **more}


def test_schedule_is_one_per_contract(call, simulator):
    first = call("PUT", "/operacao/api/v1/schedules/31", {"starts_on": "2026-11-24"})
    second = call("PUT", "/operacao/api/v1/schedules/31", {"starts_on": "2026-11-25"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["data"]["id"] == second.json()["data"]["id"]
    assert len(simulator.state()["operacao"]["records"]["schedules"]) == 1


def test_schedules_are_listed_by_contract(call):
    for contract in (1, 2, 3):
        call("PUT", f"/operacao/api/v1/schedules/{contract}", {})
    answer = call("GET", "/operacao/api/v1/schedules", params={"contract_ids": "1,3,9"})
    assert [schedule["contract_id"] for schedule in answer.json()["data"]] == [1, 3]
    assert len(call("GET", "/operacao/api/v1/schedules").json()["data"]) == 3


def test_services_are_listed_by_state_and_by_the_day_they_ended(call, simulator):
    services = [
        finished(1, "2026-11-20T23:59:00-03:00"),
        finished(2, "2026-11-21T00:00:00-03:00"),
        finished(3, "2026-11-22T23:59:59-03:00"),
        finished(4, "2026-11-23T03:00:00+00:00"),
        finished(5, "2026-11-22T10:00:00-03:00", billed=True),
        {"id": 6, "status": "completed", "billed": False},
        {"id": 7, "status": "scheduled"},
    ]
    simulator.load({"operacao": {"services": services}})
    wanted = {"status": "completed", "billed": "false", "from": "2026-11-21", "to": "2026-11-22"}
    found = call("GET", SERVICES, params=wanted).json()["data"]
    assert [service["id"] for service in found] == [2, 3]


def test_time_that_is_none_is_refused(call):
    assert call("GET", SERVICES, params={"from": "yesterday"}).status_code == 400


def test_billed_service_keeps_its_invoice_and_leaves_the_list(call, simulator):
    simulator.load({"operacao": {"services": [finished(1, "2026-11-20T10:00:00-03:00")]}})
    assert call("POST", f"{SERVICES}/1/billed", {"invoice_id": 9}).json()["data"]["invoice_id"] == 9
    assert call("GET", SERVICES, params={"billed": "false"}).json()["data"] == []


def test_services_are_released_and_not_taken_for_the_id_of_one(call, simulator):
    assert call("POST", f"{SERVICES}/release", {"client_id": 7}).status_code == 201
    assert simulator.state()["operacao"]["records"]["releases"] == [{"client_id": 7, "id": 1}]


def test_client_is_changed_unless_missing(call):
    assert call("PATCH", "/operacao/api/v1/clients/7", {"name": "Rosa"}).json()["data"]["name"] == "Rosa"
    assert call("PATCH", "/operacao/api/v1/clients/900001", {"name": "Rosa"}).status_code == 404


def test_service_is_shown_with_its_client(call, simulator):
    simulator.load({"operacao": {"services": [finished(9, "2026-11-20T10:00:00-03:00", client_id=204)]}})
    assert call("GET", f"{SERVICES}/9").json()["data"]["client_id"] == 204
    assert call("GET", f"{SERVICES}/10").json()["data"] == {"id": 10, "client_id": 10}


def test_availability_of_a_caregiver_is_remembered(call, simulator):
    call("PUT", "/operacao/api/v1/caregivers/77/availability", {"available": False})
    assert simulator.state()["operacao"]["records"]["caregivers"][0]["available"] is False
