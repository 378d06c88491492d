"""What each system is asked, at the wire."""

import json
from datetime import date, datetime

import pytest
from django.conf import settings
from responses import matchers

from carinho.services.atendimento import Atendimento
from carinho.services.crm import CRM, Lead
from carinho.services.cuidadores import Cuidadores
from carinho.services.errors import Rejected, Unavailable
from carinho.services.financeiro import Financeiro
from carinho.services.marketing import Marketing
from carinho.services.operacao import Operacao

PHONE = "5511987654321"
EVENING = datetime.fromisoformat("2026-01-30T01:30:00+00:00")  # still the 29th in São Paulo


def url(system, path):
    return settings.SYSTEMS[system]["url"] + path


def sent(calls):
    return json.loads(calls.calls[-1].request.body)


def test_write_says_who_calls_and_carries_the_key_of_its_delivery(calls):
    calls.post(url("atendimento", "/api/v1/cases"), status=201)
    Atendimento("delivery-7").open_case({"title": "Avaliação 1 de 5."})
    headers = calls.calls[0].request.headers
    assert headers["Idempotency-Key"] == headers["X-Request-ID"] == "delivery-7"
    assert headers["X-Source-System"] == "integracoes"
    assert headers["X-API-Key"] == settings.SYSTEMS["atendimento"]["key"]


def test_lead_is_found_by_lid_before_the_phone_is_tried(calls):
    leads = url("crm", "/api/v1/leads")
    calls.get(leads, json={"data": []}, match=[matchers.query_param_matcher({"lid": "81@lid"})])
    found = {"data": [{"id": 512, "phone": PHONE, "lid": None}]}
    calls.get(leads, json=found, match=[matchers.query_param_matcher({"phone": PHONE})])
    assert CRM().find_lead(phone=PHONE, lid="81@lid") == Lead(512, is_new=False, phone=PHONE)


def test_unknown_lead_is_none_and_nobody_is_asked_without_phone_and_lid(calls):
    calls.get(url("crm", "/api/v1/leads"), json={"data": [], "next_cursor": None})
    assert CRM().find_lead(phone=PHONE) is None
    assert CRM().find_lead() is None
    calls.assert_call_count(url("crm", f"/api/v1/leads?phone={PHONE}"), 1)


def test_created_lead_is_new(calls):
    calls.post(url("crm", "/api/v1/leads"), status=201, json={"data": {"id": 512, "phone": PHONE}})
    assert CRM("k").create_lead({"name": "Helena", "phone": PHONE}) == Lead(512, is_new=True, phone=PHONE)
    assert sent(calls) == {"name": "Helena", "phone": PHONE}


def test_lead_that_crm_has_already_is_looked_up_and_taken_when_both_answers_name_the_same(calls):
    answer = {"message": "Phone already exists", "data": {"id": 512}}
    calls.post(url("crm", "/api/v1/leads"), status=409, json=answer)
    calls.get(url("crm", "/api/v1/leads"), json={"data": [{"id": 512, "phone": PHONE}]})
    assert CRM("k").create_lead({"phone": PHONE}) == Lead(512, is_new=False, phone=PHONE)


@pytest.mark.parametrize("rows", [[{"id": 7, "phone": "5521912345678"}], [{"id": 513, "phone": PHONE}], []])
def test_lead_that_a_refusal_names_and_the_search_does_not_is_nobodys(calls, rows):
    calls.post(url("crm", "/api/v1/leads"), status=409, json={"message": "Exists", "data": {"id": 512}})
    calls.get(url("crm", "/api/v1/leads"), json={"data": rows})
    with pytest.raises(Unavailable, match="Unreadable answer"):
        CRM("k").create_lead({"phone": PHONE})


STRANGERS = [{"id": 1, "phone": "5521912345678", "lid": "7@lid"}, {"id": 2}, {"id": 3, "phone": ""}, "x"]


@pytest.mark.parametrize("asked", [{"phone": PHONE}, {"lid": "81@lid"}])
def test_search_that_crm_ignores_and_answers_with_all_its_leads_finds_no_stranger(calls, asked):
    calls.get(url("crm", "/api/v1/leads"), json={"data": STRANGERS})
    with pytest.raises(Unavailable, match="Failed to find lead in CRM: Unreadable answer"):
        CRM().find_lead(**asked)


@pytest.mark.parametrize("asked", [{"phone": PHONE}, {"lid": "81@lid"}])
def test_lead_that_was_asked_for_is_found_among_strangers(calls, asked):
    calls.get(
        url("crm", "/api/v1/leads"), json={"data": [*STRANGERS, {"id": 512, "phone": PHONE, "lid": "81"}]}
    )
    found = CRM().find_lead(**asked)
    assert found is not None
    assert found.id == 512


@pytest.mark.parametrize("stored", ["+55 (11) 98765-4321", "11987654321", "551187654321", "1187654321"])
def test_phone_that_crm_writes_in_its_own_way_is_the_same_phone(calls, stored):
    calls.get(url("crm", "/api/v1/leads"), json={"data": [{"id": 512, "phone": stored}]})
    found = CRM().find_lead(phone=PHONE)
    assert found is not None
    assert found.id == 512


@pytest.mark.parametrize(
    "stored",
    ["5511987654322", "5521987654321", "987654321", "351987654321", "1", "", None],
)
def test_phone_that_is_another_persons_is_never_taken(calls, stored):
    calls.get(url("crm", "/api/v1/leads"), json={"data": [{"id": 512, "phone": stored}]})
    with pytest.raises(Unavailable):
        CRM().find_lead(phone=PHONE)


DAYS = {"first": date(2026, 3, 1), "last": date(2026, 3, 7)}


@pytest.mark.parametrize(
    ("path", "row", "read"),
    [
        ("crm/api/v1/contracts", {"status": "ended"}, lambda: CRM().contracts(status="active")),
        ("crm/api/v1/contracts", {"synced": True}, lambda: CRM().contracts(synced="false")),
        ("crm/api/v1/contracts", {"synced": 0}, lambda: CRM().contracts(synced="true")),
        ("crm/api/v1/contracts", {"billing": "configured"}, lambda: CRM().contracts(billing="pending")),
        (
            "operacao/api/v1/services",
            {"status": "cancelled"},
            lambda: Operacao().completed_services(**DAYS, billed=False),
        ),
        (
            "operacao/api/v1/services",
            {"billed": True},
            lambda: Operacao().completed_services(**DAYS, billed=False),
        ),
        (
            "operacao/api/v1/services",
            {"finished_at": "2025-03-01T10:00:00-03:00"},
            lambda: Operacao().completed_services(**DAYS, billed=False),
        ),
        (
            "operacao/api/v1/schedules",
            {"contract_id": 9, "id": 1},
            lambda: list(Operacao().schedules_of(["8"])),
        ),
        (
            "financeiro/api/v1/invoices",
            {"reference": "service-9", "id": 1},
            lambda: list(Financeiro().service_invoices(["8"])),
        ),
    ],
)
def test_list_with_a_row_that_nobody_asked_for_is_unreadable(calls, path, row, read):
    system, _, rest = path.partition("/")
    calls.get(url(system, f"/{rest}"), json={"data": [{"id": 8}, row]})
    with pytest.raises(Unavailable, match="Unreadable answer"):
        read()


def test_list_whose_rows_are_those_asked_for_is_read_however_they_say_it(calls):
    rows = [
        {"id": 1, "status": "Active", "synced": 0},
        {"id": 2, "status": "active", "synced": "false"},
        {"id": 3, "synced": None},
        {"id": 4},
        "x",
    ]
    calls.get(url("crm", "/api/v1/contracts"), json={"data": rows})
    assert CRM().contracts(status="active", synced="false").records == rows


def test_row_that_cannot_be_told_apart_does_not_spoil_those_that_can(calls):
    rows = [{"id": 1}, None, {"contract_id": 8, "id": 2}]
    calls.get(url("operacao", "/api/v1/schedules"), json={"data": rows})
    assert list(Operacao().schedules_of(["8"])) == [{"contract_id": 8, "id": 2}]


def test_answer_to_a_write_that_names_another_record_is_not_believed(calls):
    calls.put(url("operacao", "/api/v1/schedules/8"), json={"data": {"id": 1, "contract_id": 9}})
    with pytest.raises(Unavailable, match="Failed to put schedule in Operação: Unreadable answer"):
        Operacao("k").put_schedule(8, {})
    calls.put(url("financeiro", "/api/v1/invoices/service-8"), json={"data": {"id": 1, "service_id": 9}})
    with pytest.raises(Unavailable, match="Failed to create invoice in Financeiro: Unreadable answer"):
        Financeiro("k").bill_service_with_id(
            8, client_id=204, amount="150.00", finished_at=EVENING, description="Atendimento"
        )


def test_refused_lead_says_what_crm_said(calls):
    calls.post(url("crm", "/api/v1/leads"), status=422, json={"message": "Invalid phone number"})
    with pytest.raises(Rejected) as refused:
        CRM("k").create_lead({"phone": "1"})
    assert str(refused.value) == "Failed to create lead in CRM: Invalid phone number"


@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": []}, {"data": {"id": "x"}}, [], "created"])
def test_answer_without_a_lead_is_unreadable(calls, answer):
    calls.post(url("crm", "/api/v1/leads"), status=201, json=answer)
    with pytest.raises(Unavailable, match="Failed to create lead in CRM: Unreadable answer"):
        CRM("k").create_lead({"phone": PHONE})


@pytest.mark.parametrize(
    "answer", [{"data": {"id": 1}}, {"data": "x"}, {"data": ["x"]}, {"data": [{}]}, ["x"]]
)
def test_search_that_is_answered_with_no_list_of_leads_is_unreadable(calls, answer):
    calls.get(url("crm", "/api/v1/leads"), json=answer)
    with pytest.raises(Unavailable, match="Failed to find lead in CRM: Unreadable answer"):
        CRM("k").find_lead(phone=PHONE)


def test_lead_is_updated_and_gets_its_interactions(calls):
    calls.patch(url("crm", "/api/v1/leads/512"), json={"data": {}})
    CRM("k").update_lead(512, {"lid": "81@lid"})
    assert sent(calls) == {"lid": "81@lid"}
    calls.post(url("crm", "/api/v1/leads/512/interactions"), status=201)
    CRM("k").add_interaction(512, {"channel": "whatsapp"})
    assert sent(calls) == {"channel": "whatsapp"}


def test_history_of_a_client_tells_what_happened_and_when(calls):
    calls.post(url("crm", "/api/v1/clients/204/history"), status=201)
    CRM("k").add_history(
        204, type="payment.received", occurred_at=EVENING, summary="Pago.", data={"payment_id": 1}
    )
    assert sent(calls) == {
        "type": "payment.received",
        "occurred_at": "2026-01-30T01:30:00+00:00",
        "summary": "Pago.",
        "data": {"payment_id": 1},
    }


def test_service_is_billed_under_its_own_reference_and_due_three_days_after_it_by_the_clocks_of_sao_paulo(
    calls,
):
    calls.put(url("financeiro", "/api/v1/invoices/service-9001"), status=201, json={"data": {"id": 7120}})
    Financeiro("k").bill_service(
        9001, client_id=204, amount="150.00", finished_at=EVENING, description="Atendimento"
    )
    assert sent(calls) == {
        "client_id": 204,
        "service_id": 9001,
        "amount": "150.00",
        "due_on": "2026-02-01",
        "description": "Atendimento",
    }


@pytest.mark.parametrize("status", [204, 404])
def test_cancelled_service_has_no_invoice_afterwards(calls, status):
    calls.delete(url("financeiro", "/api/v1/invoices/service-9002"), status=status)
    Financeiro("k").cancel_service_invoice(9002)


def test_invoice_that_cannot_be_cancelled_is_for_a_person(calls):
    path = "/api/v1/invoices/service-9002"
    calls.delete(url("financeiro", path), status=422, json={"message": "Invoice is paid"})
    with pytest.raises(Rejected, match="Failed to cancel invoice in Financeiro: Invoice is paid"):
        Financeiro("k").cancel_service_invoice(9002)


def test_customer_is_created_and_updated_by_the_clients_id(calls):
    calls.post(url("financeiro", "/api/v1/customers"), status=201)
    Financeiro("k").create_customer({"client_id": 204})
    assert sent(calls) == {"client_id": 204}
    calls.patch(url("financeiro", "/api/v1/customers/204"), json={})
    Financeiro("k").update_customer(204, {"email": "h@example.com"})
    assert sent(calls) == {"email": "h@example.com"}


def test_operacao_updates_clients_and_releases_what_waited_for_a_payment(calls):
    calls.patch(url("operacao", "/api/v1/clients/204"), json={})
    Operacao("k").update_client(204, {"address": "Rua"})
    assert sent(calls) == {"address": "Rua"}
    calls.post(url("operacao", "/api/v1/services/release"), json={})
    Operacao("k").release_services(204, invoice_id=7120, payment_id=3310)
    assert sent(calls) == {"client_id": 204, "invoice_id": 7120, "payment_id": 3310}


def test_caregiver_is_notified_and_rated(calls):
    calls.post(url("cuidadores", "/api/v1/caregivers/77/notices"), status=201)
    Cuidadores("k").notify(77, type="payout.processed", text="Repasse feito.", data={"payout_id": 880})
    assert sent(calls) == {"type": "payout.processed", "text": "Repasse feito.", "data": {"payout_id": 880}}
    calls.post(url("cuidadores", "/api/v1/caregivers/77/ratings"), status=201)
    Cuidadores("k").rate(77, service_id=9001, rating=5, comment="")
    assert sent(calls) == {"service_id": 9001, "rating": 5, "comment": ""}


def test_message_is_forwarded_to_atendimento(calls):
    calls.post(url("atendimento", "/api/v1/messages"), status=201)
    Atendimento("k").forward_message({"text": "Bom dia"})
    assert sent(calls) == {"text": "Bom dia"}


def test_campaign_gets_its_lead_and_its_conversion(calls):
    calls.post(url("marketing", "/api/v1/attributions"), status=201)
    Marketing("k").attribute(512, {"campaign": "casa", "lead_id": 1})
    assert sent(calls) == {"campaign": "casa", "lead_id": 512}
    calls.post(url("marketing", "/api/v1/conversions"), status=201)
    Marketing("k").record_conversion(512, client_id=204, converted_at="2026-01-26T09:12:00-03:00")
    assert sent(calls) == {"lead_id": 512, "client_id": 204, "converted_at": "2026-01-26T09:12:00-03:00"}


@pytest.mark.parametrize(
    ("phone", "part"), [(PHONE, PHONE), ("+351912345678", "%2B351912345678"), ("../x", "..%2Fx")]
)
def test_phone_in_a_path_stays_one_part_of_it(calls, phone, part):
    calls.patch(url("marketing", f"/api/v1/audience/{part}"), json={})
    Marketing("k").update_audience(phone, {"lead_id": 512})
    assert calls.calls[0].request.url.endswith(f"/api/v1/audience/{part}")


def test_id_that_is_no_number_never_gets_into_a_path():
    with pytest.raises(ValueError, match="format code 'd'"):
        Operacao("k").update_client("204/../205", {})  # type: ignore[arg-type]


def test_client_of_a_visit_is_the_one_operacao_names(calls):
    visit = url("operacao", "/api/v1/services/9001")
    calls.get(visit, json={"data": {"id": 9001, "client_id": 204}})
    assert Operacao().client_of(9001) == 204


@pytest.mark.parametrize(
    "answer", [{"data": {"id": 9002, "client_id": 204}}, {"data": {"id": 9001}}, [], None]
)
def test_client_of_another_visit_or_of_none_is_not_believed(calls, answer):
    calls.get(url("operacao", "/api/v1/services/9001"), json=answer)
    with pytest.raises(Unavailable):
        Operacao().client_of(9001)


def test_availability_of_a_caregiver_is_put(calls):
    calls.put(url("operacao", "/api/v1/caregivers/77/availability"), json={"data": {"id": 77}})
    Operacao("d-1").set_availability(77, available=False)
    assert sent(calls) == {"available": False}
