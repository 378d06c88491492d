"""What the hub does with systems that have habits of their own: keys, pages, crashes, limits."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from django.conf import settings as project
from responses import matchers

from carinho import settings as carinho_settings
from carinho.services import contract, rate_limits
from carinho.services.atendimento import Atendimento
from carinho.services.crm import CRM
from carinho.services.cuidadores import Cuidadores
from carinho.services.errors import NotOffered, OutcomeUnknown, Rejected, Unavailable
from carinho.services.financeiro import Financeiro
from carinho.services.marketing import Marketing
from carinho.services.operacao import Operacao
from whatsapp.zapi import WhatsApp

CASES = project.SYSTEMS["atendimento"]["url"] + "/api/v1/cases"
LEADS = project.SYSTEMS["crm"]["url"] + "/api/v1/leads"
CONTRACTS = project.SYSTEMS["crm"]["url"] + "/api/v1/contracts"
PHONE = "5511987654321"


@pytest.fixture
def habit(settings):
    """Give a system a habit for this test."""

    def give(system, **habits):
        settings.SYSTEMS = settings.SYSTEMS | {system: settings.SYSTEMS[system] | habits}

    return give


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("X-API-Key", "X-API-Key", "secret"),
        ("X-Internal-Token", "X-Internal-Token", "secret"),
        ("Bearer", "Authorization", "Bearer secret"),
    ],
)
def test_key_goes_to_each_system_in_its_own_header_and_in_no_other(calls, habit, auth, header, value):
    habit("atendimento", auth=auth, key="secret")
    calls.post(CASES, status=201)
    Atendimento("k").open_case({})
    headers = calls.calls[0].request.headers
    assert headers[header] == value
    assert sum("secret" in str(found) for found in headers.values()) == 1


def test_json_is_asked_for_on_every_call_also_of_whatsapp(calls):
    calls.post(CASES, status=201)
    Atendimento("k").open_case({})
    whatsapp = WhatsApp("k")
    calls.get(whatsapp.base_url + "/status", json={})
    whatsapp.get("/status", doing="ask")
    assert [call.request.headers["Accept"] for call in calls.calls] == ["application/json"] * 2


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "text",
    [
        "SQLSTATE[HY000] [2002] Connection refused (Connection: mysql)",
        "cURL error 28: Operation timed out after 8000 milliseconds",
        "Connection timed out",
        "MySQL server has gone away",
    ],
)
@pytest.mark.parametrize("field", ["message", "error"])
def test_crash_that_is_dressed_as_a_refusal_is_tried_again(calls, status, text, field):
    calls.post(CASES, status=status, json={"success": False, field: text})
    with pytest.raises(Unavailable, match=f"atendimento broke and answered {status}"):
        Atendimento("k").open_case({})


@pytest.mark.parametrize(
    ("status", "text"), [(422, "Connection is not a valid category"), (404, "SQLSTATE[HY000]")]
)
def test_refusal_that_speaks_of_something_else_stays_one(calls, status, text):
    calls.post(CASES, status=status, json={"message": text})
    with pytest.raises(Rejected):
        Atendimento("k").open_case({})


def test_post_without_an_answer_goes_to_a_person_where_keys_are_not_honoured(calls, monkeypatch):
    monkeypatch.setattr(Atendimento, "can_repeat", False)
    calls.post(CASES, status=502)
    with pytest.raises(OutcomeUnknown):
        Atendimento("k").open_case({})


def test_what_sets_a_state_is_repeated_also_where_keys_are_not_honoured(calls, monkeypatch):
    monkeypatch.setattr(CRM, "can_repeat", False)
    calls.patch(f"{LEADS}/7", status=502)
    calls.post(f"{CONTRACTS}/7/synced", status=502)
    calls.post(LEADS, status=502)
    writes = (
        lambda: CRM("k").update_lead(7, {}),
        lambda: CRM("k").confirm_schedule(7, schedule_id=1),
        lambda: CRM("k").create_lead({}),
    )
    for write in writes:
        with pytest.raises(Unavailable) as caught:
            write()
        assert not isinstance(caught.value, OutcomeUnknown)


def test_created_lead_with_the_phone_of_another_is_not_believed(calls):
    calls.post(LEADS, status=201, json={"data": {"id": 1, "phone": "5521912345678"}})
    with pytest.raises(Unavailable, match="Unreadable answer"):
        CRM("k").create_lead({"phone": PHONE})


ROWS = [{"id": 7, "status": "active"}]
SHAPES = {
    "meta": lambda page, last: {"data": ROWS, "links": {}, "meta": {"current_page": page, "last_page": last}},
    "pagination": lambda page, last: {
        "success": True,
        "data": ROWS,
        "pagination": {"current_page": page, "last_page": last},
    },
    "inside data": lambda page, last: {"data": {"data": ROWS, "current_page": page, "last_page": last}},
    "bare": lambda page, last: {"data": ROWS, "current_page": page, "last_page": last},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_pages_by_number_are_read_in_each_of_laravels_shapes(calls, habit, shape):
    habit("crm", pages="number")
    for number in (1, 2):
        asked = {"status": "active", "page": str(number), "per_page": "100"}
        calls.get(CONTRACTS, json=shape(number, 2), match=[matchers.query_param_matcher(asked)])
    first = CRM().contracts(status="active")
    second = CRM().contracts(first.next_cursor, status="active")
    assert (first.records, second.records) == (ROWS, ROWS)
    assert (first.next_cursor, second.next_cursor) == ("2", None)


@pytest.mark.parametrize(
    "answer",
    [
        SHAPES["bare"](2, 3),  # another page than the first
        {"data": ROWS},
        {"data": "x", "meta": {"current_page": 1, "last_page": 1}},
        {"data": [{"status": "draft"}], "meta": {"current_page": 1, "last_page": 1}},
        None,
    ],
)
def test_page_by_number_that_is_not_the_one_asked_for_is_not_believed(calls, habit, answer):
    habit("crm", pages="number")
    calls.get(CONTRACTS, json=answer)
    with pytest.raises(Unavailable, match="Unreadable answer"):
        CRM().contracts(status="active")


@pytest.mark.parametrize(
    ("headers", "remaining", "seconds"),
    [
        ({"RateLimit-Remaining": "5", "RateLimit-Reset": "10"}, 5, 10),
        ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59"}, 59, 60),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 9_000)}, 0, 3600),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}, 0, 1),
    ],
)
def test_limits_are_read_as_both_kinds_of_headers_tell_them(headers, remaining, seconds):
    found = rate_limits.read(headers)
    assert found is not None
    assert (found.remaining, found.seconds) == (remaining, seconds)
    assert found.per_second == max(remaining, 1) / seconds


@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Remaining": "many"}, {"RateLimit-Limit": "60"}])
def test_limit_that_says_nothing_is_none(headers):
    assert rate_limits.read(headers) is None


def test_answer_says_how_many_calls_are_left_and_the_process_keeps_it(calls):
    invoices = project.SYSTEMS["financeiro"]["url"] + "/api/v1/customers"
    calls.post(invoices, status=201, headers={"RateLimit-Remaining": "0", "RateLimit-Reset": "30"})
    financeiro = Financeiro("k")
    financeiro.create_customer({})
    assert financeiro.call.allowance is not None
    assert financeiro.call.allowance.remaining == 0
    assert Financeiro.shared_transport().allowance is financeiro.call.allowance
    Financeiro.shared_transport().allowance = None


def test_call_that_a_system_does_not_offer_yet_is_not_made_and_the_others_are(calls, habit):
    habit("crm", lacks=["confirm_schedule"])
    calls.post(f"{CONTRACTS}/7/billing-configured", status=200)
    CRM("k").confirm_billing(7)
    with pytest.raises(NotOffered, match="Failed to confirm schedule in CRM: CRM does not offer this yet"):
        CRM("k").confirm_schedule(7, schedule_id=1)
    assert len(calls.calls) == 1


THROUGH_OTHERS = {"bill_service_with_id", "schedules", "invoices"}  # tried by those that call them
NOW, TODAY = datetime(2026, 1, 30, tzinfo=UTC), date(2026, 1, 30)
HISTORY = {"type": "x", "occurred_at": NOW, "summary": "x", "data": {}}
INVOICE = {"client_id": 1, "amount": "1.00", "finished_at": NOW, "description": "x"}
CLIENT_CALLS = [
    (CRM, "find_lead", ([], {"phone": PHONE})),
    (CRM, "create_lead", ([{}], {})),
    (CRM, "update_lead", ([1, {}], {})),
    (CRM, "add_interaction", ([1, {}], {})),
    (CRM, "add_history", ([1], HISTORY)),
    (CRM, "contracts", ([], {})),
    (CRM, "confirm_schedule", ([1], {"schedule_id": 1})),
    (CRM, "confirm_billing", ([1], {})),
    (CRM, "put_caregiver", ([1, {}], {})),
    (Operacao, "put_schedule", ([1, {}], {})),
    (Operacao, "schedules_of", ([["1"]], {})),
    (Operacao, "completed_services", ([], {"first": TODAY, "last": TODAY, "billed": False})),
    (Operacao, "mark_billed", ([1], {"invoice_id": 1})),
    (Operacao, "client_of", ([1], {})),
    (Operacao, "set_availability", ([1], {"available": True})),
    (Operacao, "release_services", ([1], {"invoice_id": 1, "payment_id": 1})),
    (Operacao, "update_client", ([1, {}], {})),
    (Financeiro, "create_customer", ([{}], {})),
    (Financeiro, "update_customer", ([1, {}], {})),
    (Financeiro, "bill_service", ([1], INVOICE)),
    (Financeiro, "service_invoices", ([["1"]], {})),
    (Financeiro, "cancel_service_invoice", ([1], {})),
    (Financeiro, "set_up_billing", ([1, {}], {})),
    (Cuidadores, "caregivers", ([], {})),
    (Cuidadores, "rate", ([1], {"service_id": 1, "rating": 5, "comment": ""})),
    (Cuidadores, "notify", ([1], {"type": "x", "text": "x", "data": {}})),
    (Atendimento, "forward_message", ([{}], {})),
    (Atendimento, "open_case", ([{}], {})),
    (Marketing, "attribute", ([1, {}], {})),
    (Marketing, "record_conversion", ([1], {"client_id": 1, "converted_at": "x"})),
    (Marketing, "update_audience", ([PHONE, {}], {})),
]


def test_every_call_that_the_clients_make_is_declared(calls, monkeypatch):
    made = set()
    offered = {
        name
        for kind in {service for service, _method, _given in CLIENT_CALLS}
        for name, value in vars(kind).items()
        if callable(value) and not name.startswith("_")
    }
    assert offered - {method for _service, method, _given in CLIENT_CALLS} == THROUGH_OTHERS

    def request(self, method, path, **_):
        made.add(contract.declared(self.name, method, path))
        return {"data": []}

    monkeypatch.setattr("carinho.services.base.Service.request", request)
    for service, method, given in CLIENT_CALLS:
        with suppress(Unavailable):
            answer = getattr(service("k"), method)(*given[0], **given[1])
            list(answer) if isinstance(answer, Iterator) else answer
    assert {operation and operation.name for operation in made} == {each.name for each in contract.OPERATIONS}


@pytest.mark.parametrize(
    ("address", "lacks", "expected"),
    [
        ("", None, []),
        ("https://operacao.test", None, ["client_of", "set_availability"]),
        ("https://operacao.test", "", []),
        ("https://operacao.test", "release_services", ["release_services"]),
    ],
)
def test_optional_calls_are_asked_of_a_real_system_only_once_its_setting_says_so(
    monkeypatch, address, lacks, expected
):
    monkeypatch.setenv("OPERACAO_URL", address)
    monkeypatch.delenv("OPERACAO_LACKS", raising=False)
    if lacks is not None:
        monkeypatch.setenv("OPERACAO_LACKS", lacks)
    assert carinho_settings.system("operacao")["lacks"] == expected
