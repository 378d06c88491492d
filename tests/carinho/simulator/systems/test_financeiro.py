"""Financeiro: customers, invoices by reference, billing setups."""

INVOICES = "/financeiro/api/v1/invoices"


def test_invoice_is_made_once_whoever_comes_second(call, simulator):
    first = call("PUT", f"{INVOICES}/service-8", {"client_id": 7, "amount": "180.00"})
    second = call("PUT", f"{INVOICES}/service-8", {"client_id": 7, "amount": "999.00"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(simulator.state()["financeiro"]["records"]["invoices"]) == 1


def test_invoice_of_a_missing_client_is_refused(call):
    answer = call("PUT", f"{INVOICES}/service-8", {"client_id": 900_000})
    assert (answer.status_code, answer.json()) == (404, {"message": "Client not found"})


def test_invoices_are_listed_by_reference(call):
    for number in (1, 2, 3):
        call("PUT", f"{INVOICES}/service-{number}", {"client_id": 7})
    found = call("GET", INVOICES, params={"references": "service-3,service-1"}).json()["data"]
    assert [invoice["reference"] for invoice in found] == ["service-1", "service-3"]


def test_cancelled_invoice_says_so_and_one_that_never_was_is_not_found(call):
    call("PUT", f"{INVOICES}/service-1", {"client_id": 7})
    answer = call("DELETE", f"{INVOICES}/service-1")
    assert (answer.status_code, answer.content) == (204, b"")
    assert call("DELETE", f"{INVOICES}/service-2").status_code == 404
    found = call("GET", INVOICES, params={"references": "service-1,service-2"}).json()["data"]
    assert [invoice["status"] for invoice in found] == ["cancelled"]


def test_customer_is_created_once_and_changed(call):
    made = call("POST", "/financeiro/api/v1/customers", {"client_id": 7, "phone": "5511987654321"})
    assert made.status_code == 201
    changed = call("PATCH", "/financeiro/api/v1/customers/7", {"name": "Rosa"})
    assert call("POST", "/financeiro/api/v1/customers", {"client_id": 8}).status_code == 201
    assert changed.json()["data"] == {**made.json()["data"], "name": "Rosa"}
    again = call("POST", "/financeiro/api/v1/customers", {"client_id": 7, "name": "Rosa Lima"})
    assert (again.status_code, again.json()["data"]["id"]) == (200, made.json()["data"]["id"])
    assert call("POST", "/financeiro/api/v1/customers", {"name": "Rosa"}).status_code == 422


def test_customer_with_a_phone_of_another_shape_is_refused(call):
    assert call("POST", "/financeiro/api/v1/customers", {"phone": "11987654321"}).status_code == 422


def test_billing_setup_is_one_per_contract(call):
    first = call("PUT", "/financeiro/api/v1/billing-setups/31", {"day": 5})
    second = call("PUT", "/financeiro/api/v1/billing-setups/31", {"day": 10})
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["data"]["day"] == 10
