"""The CRM: one lead per phone and per lid, history, contracts, caregivers."""

LEADS = "/crm/api/v1/leads"
PHONE, LID = "5511987654321", "100000000000009@lid"


def create(call, **fields):
    return call("POST", LEADS, {"name": "Maria Souza", **fields})


def test_new_lead_is_found_by_its_phone(call):
    made = create(call, phone=PHONE)
    assert made.status_code == 201
    found = call("GET", LEADS, params={"phone": PHONE}).json()
    assert found == {"data": [made.json()["data"]], "next_cursor": None}


def test_phone_nobody_has_finds_nothing(call):
    create(call, phone=PHONE)
    assert call("GET", LEADS, params={"phone": "5511900000000"}).json()["data"] == []


def test_second_lead_with_a_phone_is_told_the_id_of_the_first(call):
    first = create(call, phone=PHONE).json()["data"]
    second = create(call, phone=PHONE)
    assert second.status_code == 409
    assert second.json()["data"] == {"id": first["id"]}


def test_lead_known_only_by_lid_is_found_by_it_and_made_once(call):
    first = create(call, lid=LID)
    assert first.status_code == 201
    assert call("GET", LEADS, params={"lid": LID}).json()["data"] == [first.json()["data"]]
    again = create(call, lid=LID, phone=PHONE)
    assert (again.status_code, again.json()["data"]) == (409, {"id": first.json()["data"]["id"]})


def test_lead_with_neither_phone_nor_lid_is_refused(call):
    assert create(call).status_code == 422


def test_lead_is_found_by_the_phone_it_changed_to_and_not_by_the_old_one(call):
    lead = create(call, phone=PHONE).json()["data"]
    changed = call("PATCH", f"{LEADS}/{lead['id']}", {"phone": "5511900000001"})
    assert changed.json()["data"]["phone"] == "5511900000001"
    assert len(call("GET", LEADS, params={"phone": "5511900000001"}).json()["data"]) == 1
    assert call("GET", LEADS, params={"phone": PHONE}).json()["data"] == []


def test_lead_cannot_take_the_phone_of_another(call):
    first = create(call, phone=PHONE).json()["data"]
    second = create(call, phone="5511900000001").json()["data"]
    answer = call("PATCH", f"{LEADS}/{second['id']}", {"phone": PHONE})
    assert (answer.status_code, answer.json()["data"]) == (409, {"id": first["id"]})


def test_interaction_belongs_to_its_lead(call, simulator):
    assert call("POST", f"{LEADS}/5/interactions", {"summary": "Oi"}).status_code == 201
    assert simulator.state()["crm"]["records"]["interactions"] == [{"summary": "Oi", "lead_id": 5, "id": 1}]


def test_confirmed_contracts_leave_the_lists_of_what_is_to_do(call, simulator):
    simulator.load(
        {"crm": {"contracts": [{"id": 3, "status": "active", "synced": False, "billing": "pending"}]}}
    )
    call("POST", "/crm/api/v1/contracts/3/synced", {"schedule_id": 44})
    call("POST", "/crm/api/v1/contracts/3/billing-configured", {})
    contracts = "/crm/api/v1/contracts"
    assert call("GET", contracts, params={"status": "active", "synced": "false"}).json()["data"] == []
    assert call("GET", contracts, params={"billing": "pending"}).json()["data"] == []
    assert call("GET", contracts, params={"synced": "true"}).json()["data"][0]["schedule_id"] == 44


def test_caregiver_is_created_once_and_then_changed(call, simulator):
    first = call("PUT", "/crm/api/v1/caregivers/12", {"name": "Ana"})
    second = call("PUT", "/crm/api/v1/caregivers/12", {"name": "Ana Lima"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert simulator.state()["crm"]["records"]["caregivers"] == [{"id": 12, "name": "Ana Lima"}]
