"""The conformance check finds nothing wrong with the simulator, and each deviation exactly."""

import json
from datetime import timedelta
from io import StringIO
from json import dumps

import pytest
import requests
from django.conf import settings as declared
from django.core.management import CommandError, call_command
from django.utils import timezone

from carinho.services import contract
from carinho.services.conformance import Conformance
from carinho.services.conformance_report import ConformanceReport
from carinho.services.operation import IDS, RECORDS, fresh
from carinho.simulator.deviations import DEVIATIONS

NOW = timezone.localtime()
CONTRACTS = [{"id": number, "status": "active"} for number in (1, 11, 12, 13)]
SERVICES = [
    {
        "id": number,
        "client_id": 1,
        "status": "completed",
        "billed": False,
        "finished_at": (NOW - timedelta(days=number)).isoformat(),
        "amount": "150.00",
    }
    for number in (11, 12)
]
CAREGIVERS = [{"id": number, "name": "Rosa", "updated_at": NOW.isoformat()} for number in (11, 12)]
WORLD = {
    "crm": {"contracts": CONTRACTS},
    "operacao": {"services": SERVICES, "schedules": [{"contract_id": 11}, {"contract_id": 12}]},
    "cuidadores": {"caregivers": CAREGIVERS},
}

NAMED = dict.fromkeys(RECORDS, "1") | {"service": "11"}

FOUND = {  # by deviation: of which call, what is found, and of which field
    "path_missing": ("crm", "add_history", "missing", ""),
    "method_missing": ("crm", "update_lead", "missing", ""),
    "field_renamed": ("crm", "create_lead", "field_missing", "id"),
    "field_missing": ("operacao", "put_schedule", "field_missing", "id"),
    "field_as_text": ("crm", "create_lead", "field_type", "id"),
    "field_as_object": ("cuidadores", "caregivers", "field_type", "id"),
    "moment_without_offset": ("cuidadores", "caregivers", "field_type", "updated_at"),
    "record_nested": ("crm", "create_lead", "field_missing", "id"),
    "pages_by_number": ("crm", "contracts", "page_shape", "next_cursor"),
    "list_bare": ("operacao", "completed_services", "list_shape", "data"),
    "list_elsewhere": ("cuidadores", "caregivers", "list_shape", "data"),
    "list_inside_data": ("operacao", "schedules", "list_shape", "data"),
    "filter_ignored": ("crm", "contracts", "filter_ignored", ""),
    "nothing_as_unknown": ("crm", "find_lead", "not_found", ""),
    "creation_refused": ("operacao", "put_schedule", "not_found", ""),
    "start_ignored": ("operacao", "completed_services", "filter_ignored", ""),
    "end_ignored": ("operacao", "completed_services", "filter_ignored", ""),
    "second_refused": ("crm", "add_interaction", "second_refused", ""),
    "second_merged": ("crm", "add_history", "second_merged", "id"),
    "rest_lost": ("crm", "put_caregiver", "again_loses", "name"),
    "status_ignored": ("operacao", "completed_services", "filter_ignored", ""),
    "mark_filter_ignored": ("operacao", "completed_services", "filter_ignored", ""),
    "mark_ignored": ("operacao", "mark_billed", "mark_ignored", ""),
    "cursor_ignored": ("crm", "contracts", "cursor_ignored", "cursor"),
    "limit_ignored": ("operacao", "completed_services", "limit_ignored", "limit"),
    "key_ignored": ("marketing", "attribute", "key_ignored", ""),
    "refusal_redirects": ("operacao", "put_schedule", "refusal_redirect", ""),
    "refusal_as_success": ("financeiro", "create_customer", "refusal_missing", ""),
    "refusal_as_crash": ("atendimento", "forward_message", "refusal_crash", ""),
    "refusal_as_page": ("crm", "create_lead", "refusal_not_json", ""),
    "refusal_without_reason": ("crm", "create_lead", "refusal_reason", "message"),
    "crash_as_refusal": ("operacao", "release_services", "crash", ""),
    "crash": ("marketing", "attribute", "crash", ""),
    "answer_as_page": ("crm", "put_caregiver", "not_json", ""),
    "answer_empty": ("operacao", "put_schedule", "field_missing", "id"),
    "answer_redirects": ("marketing", "update_audience", "redirect", ""),
    "unknown_accepted": ("cuidadores", "rate", "unknown_answer", ""),
    "unknown_as_refusal": ("operacao", "client_of", "unknown_answer", ""),
    "unknown_crashes": ("financeiro", "cancel_invoice", "unknown_answer", ""),
    "unknown_silent": ("crm", "update_lead", "unknown_reason", "message"),
    "change_ignored": ("crm", "put_caregiver", "again_keeps", "city"),
    "conflict_unnamed": ("crm", "create_lead", "second_unnamed", "id"),
    "change_refused": ("crm", "put_caregiver", "again_refused", ""),
    "door_open": ("crm", "contracts", "door_open", ""),
    "door_silent": ("financeiro", "invoices", "door_reason", "message"),
    "door_forbids": ("crm", "contracts", "door_answer", ""),
    "door_crashes": ("crm", "find_lead", "door_answer", ""),
}


@pytest.fixture
def simulator(simulator_process):
    simulator_process.reset()
    simulator_process.load(WORLD)
    return simulator_process


def report_on(simulator, system, **options):
    address = f"{simulator.url}/{system}"
    return Conformance(system, address, "simulator", **{"ids": NAMED} | options).run(writes=True)


def differences(report):
    return {
        (call.name, difference.code, difference.field)
        for call in report.calls
        for difference in call.differences
    }


@pytest.mark.parametrize("system", declared.SYSTEMS)
def test_simulator_conforms_also_when_it_is_tried_again(simulator, system):
    for _ in range(2):
        report = report_on(simulator, system)
        assert differences(report) == set()
        assert report.conforms
        assert all(call.verdict == "conforms" for call in report.calls)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviation_is_named_and_nothing_else_is(simulator, name):
    system, call, code, field = FOUND[name]
    (about,) = [each for each in report_on(simulator, system).calls if each.name == call]
    simulator.reset()
    simulator.load(WORLD)
    simulator.deviate(system, name, PLAYED.get(call, about.call))
    report = report_on(simulator, system)
    assert differences(report) == {(call, code, field)}
    assert not report.conforms


PLAYED = {  # the simulator's own names of parameters of these paths
    "add_interaction": "POST /api/v1/leads/{id}/interactions",
    "add_history": "POST /api/v1/clients/{id}/history",
    "update_lead": "PATCH /api/v1/leads/{id}",
    "put_schedule": "PUT /api/v1/schedules/{contract_id}",
    "put_caregiver": "PUT /api/v1/caregivers/{id}",
    "rate": "POST /api/v1/caregivers/{id}/ratings",
    "client_of": "GET /api/v1/services/{id}",
    "mark_billed": "POST /api/v1/services/{id}/billed",
}


def test_nothing_is_written_without_being_told_to(simulator):
    report = Conformance("crm", f"{simulator.url}/crm", "simulator").run(writes=False)
    assert {call.name: call.verdict for call in report.calls if call.verdict != "not_tried"} == {
        "find_lead": "unseen",
        "contracts": "conforms",
    }
    assert simulator.state()["crm"]["writes"] == {}
    assert not [call for call in simulator.calls("crm") if call["idempotency_key"]]
    assert report.summary == "O sistema atende ao contrato no que foi testado: 1 de 9 chamadas."
    [empty] = [call.note for call in report.calls if call.name == "find_lead"]
    assert empty == "A lista veio vazia: nem os campos nem as páginas puderam ser conferidos."


def test_address_that_has_none_of_the_calls_is_doubted_before_the_system(simulator):
    report = Conformance("crm", f"{simulator.url}/crm/api/v1", "simulator").run(writes=True)
    assert not report.can_be_connected
    assert "Nenhuma chamada existe neste endereço" in report.summary


def test_write_with_a_wrong_key_is_to_be_refused_and_is_tried_with_each(simulator):
    simulator.deviate("marketing", "door_open", "POST /api/v1/conversions")
    report = report_on(simulator, "marketing")
    assert differences(report) == {("record_conversion", "door_open", "")}
    refused = [call for call in simulator.calls("marketing") if call["outcome"] == "401"]
    assert {call["method"] for call in refused} == {"POST", "PATCH"}


def test_what_was_written_is_read_back_field_by_field(simulator):
    simulator.load({"financeiro": {"invoices": [{"reference": "service-99", "amount": "15.00"}]}})
    report = report_on(simulator, "financeiro", ids=NAMED | {"new": "99", "reference": "service-99"})
    assert ("bill_service", "read_back_differs", "amount") in differences(report)


def test_what_can_be_removed_is_and_what_stays_is_named(simulator):
    report = report_on(simulator, "financeiro")
    (invoice,) = simulator.state()["financeiro"]["records"]["invoices"]
    assert invoice["status"] == "cancelled"
    assert len(report.left) == 2
    assert "POST /api/v1/customers → id" in report.left[0]
    assert "PUT /api/v1/billing-setups/1 → id" in report.left[1]
    assert [altered.partition(" → ")[0] for altered in report.altered] == ["PATCH /api/v1/customers/1"]
    assert not [left for left in report.left + report.altered if "invoices" in left]


def test_what_a_setting_can_name_is_given_as_the_lines_of_the_settings(simulator):
    simulator.deviate("cuidadores", "pages_by_number", "GET /api/v1/caregivers")
    report = report_on(simulator, "cuidadores")
    assert (report.conforms, report.can_be_connected) == (False, True)
    assert report.settings == [
        "CUIDADORES_URL=https://cuidadores.producao.example",
        "CUIDADORES_API_KEY=",
        "CUIDADORES_PAGES=number",
    ]
    simulator.deviate("cuidadores", "path_missing", "POST /api/v1/caregivers/{id}/notices")
    assert report_on(simulator, "cuidadores").settings[2:] == ["CUIDADORES_LACKS=notify"]
    simulator.deviate("cuidadores", "crash", "POST /api/v1/caregivers/{id}/notices")
    assert not report_on(simulator, "cuidadores").can_be_connected


@pytest.mark.parametrize("missing", ["", "GET /api/v1/schedules"])
def test_only_a_call_that_was_tried_is_said_to_be_lacking(simulator, missing):
    if missing:
        simulator.deviate("operacao", "method_missing", missing)
    check = Conformance("operacao", f"{simulator.url}/operacao", "simulator", ids=NAMED)
    lines = [line for line in check.run(writes=False).settings if "LACKS" in line]
    assert lines[0].startswith("# OPERACAO_LACKS: set_availability não foi testado")
    assert lines[1:] == (["OPERACAO_LACKS=schedules"] if missing else [])


def test_report_is_the_same_once_it_was_stored(simulator):
    simulator.deviate("crm", "path_missing", "PATCH /api/v1/leads/{id}")
    report = report_on(simulator, "crm", masked=True)
    stored = json.loads(json.dumps(report.as_json()))
    assert ConformanceReport.from_json(stored).as_json() == stored


def test_example_for_more_eyes_names_nobody(simulator):
    simulator.load({"cuidadores": {"caregivers": CAREGIVERS}})
    simulator.deviate("cuidadores", "filter_ignored", "GET /api/v1/caregivers")
    shown = json.dumps(report_on(simulator, "cuidadores", masked=True).as_json())
    assert "filter_ignored" in shown
    assert "Rosa" not in shown
    assert "[texto mascarado]" in shown
    assert "Rosa" in json.dumps(report_on(simulator, "cuidadores").as_json())


def refusing(monkeypatch, answers):
    """What the system of the check answers, by the header of its key or by its body."""

    def send(session, method, url, *, headers, json=None, params=None):
        answer = requests.Response()
        answer.status_code, body = answers(headers, json)
        answer._content = dumps(body).encode()
        return answer

    monkeypatch.setattr("carinho.services.http.send", send)


@pytest.mark.parametrize("taken", ["Authorization", ""])
def test_key_that_is_refused_everywhere_is_one_finding_and_where_it_is_taken_is_said(monkeypatch, taken):
    refusing(
        monkeypatch, lambda headers, _: (401 if taken not in headers or not taken else 500, {"message": "x"})
    )
    report = Conformance("crm", "https://crm.test", "k").run(writes=False)
    assert {code for _call, code, _field in differences(report)} == {"key_refused"}
    assert report.key_goes == ("Bearer" if taken else "")
    assert ("em Authorization: Bearer é" if taken else "não foi aceita em nenhuma chamada") in report.summary
    assert not report.can_be_connected
    assert ConformanceReport.from_json(report.as_json()).summary == report.summary


def test_reason_of_a_refusal_is_shown_with_what_was_asked(monkeypatch):
    body = {
        "message": "The given data was invalid.\0\ud800",
        "errors": {"rating": ["The rating field is prohibited."], "phone": ["11987654321 is taken."]},
        "input": {"comment": "Rosa Prado"},
    }
    refusing(monkeypatch, lambda _headers, _json: (422, body))
    report = Conformance("cuidadores", "https://x.test", "k", ids=NAMED, masked=True).run(writes=True)
    [refused] = next(call.differences for call in report.calls if call.name == "rate")
    assert "The rating field is prohibited." in refused.example
    assert "987654321" not in refused.example
    assert "[mascarado em parte]" in refused.example
    assert "\0" not in refused.example
    assert refused.example.encode()
    assert "Rosa" not in refused.example
    assert refused.asked.startswith('POST /api/v1/caregivers/1/ratings\n{"service_id": 11, "rating": 5')


def test_call_about_a_record_that_nobody_named_is_not_said_to_be_missing(simulator):
    simulator.deviate("operacao", "path_missing", "GET /api/v1/services/{id}")
    codes, verdicts = {}, {}
    for given in ({}, NAMED):
        report = report_on(simulator, "operacao", ids=given)
        codes |= {len(given): [each.code for call in report.calls for each in call.differences]}
        assert report.can_be_connected is bool(given)
        assert report.needs_numbers is not bool(given)
        assert ("diga os números" in report.summary) is not bool(given)
        assert not report.conforms
        assert (
            report.settings[-1] == "OPERACAO_LACKS=client_of"
        )  # an optional one is not used before it answers
        verdicts |= {len(given): next(call.verdict for call in report.calls if call.name == "client_of")}
    assert codes == {0: ["record_unnamed"], len(NAMED): ["missing"]}
    assert verdicts == {0: "unseen", len(NAMED): "missing"}


@pytest.mark.parametrize("numbers", [{"client": "999999999"}, {"caregiver": "999999999"}])
def test_mistyped_number_of_a_record_is_doubted_before_the_call(simulator, numbers):
    system, calls = ("crm", {"add_history"}) if "client" in numbers else ("cuidadores", {"rate", "notify"})
    report = report_on(simulator, system, ids=NAMED | numbers)
    assert differences(report) == {(call, "record_unknown", "") for call in calls}
    assert all("(999999999)" in found.text for call in report.calls for found in call.differences)
    assert not report.can_be_connected
    assert not [line for line in report.settings if "LACKS" in line]


def answering(monkeypatch, system):
    """A system without a network: `system` gets method, path, query and body, and gives status and body."""

    def send(session, method, url, *, headers, json=None, params=None):
        answer = requests.Response()
        if "wrong" in headers["X-API-Key"]:
            answer.status_code, body = 401, {"message": "Unauthorized"}
        else:
            answer.status_code, body = system(method, url.removeprefix("https://x.test"), params or {}, json)
        answer._content = dumps(body).encode()
        return answer

    monkeypatch.setattr("carinho.services.http.send", send)


@pytest.mark.parametrize("numbers", [{"caregiver": "12"}, {"caregiver": "99"}])
def test_calls_that_are_missing_together_are_offered_to_be_left_out_only_for_a_record_that_is_there(
    monkeypatch, numbers
):
    rows = [{"id": 12, "name": "Rosa", "updated_at": NOW.isoformat()}]

    def system(method, path, query, body):
        if (method, path) != ("GET", "/api/v1/caregivers"):
            return 404, {"message": f"The route {path.lstrip('/')} could not be found."}
        return 200, {"data": [] if "2999" in query.get("updated_since", "") else rows, "next_cursor": None}

    answering(monkeypatch, system)
    report = Conformance("cuidadores", "https://x.test", "k", ids=NAMED | numbers).run(writes=True)
    is_there = numbers["caregiver"] == "12"
    assert ("CUIDADORES_LACKS=rate,notify" in report.settings) is is_there
    assert report.can_be_connected is is_there


class Visits:
    """Operação's list of visits, with one habit that the contract does not have."""

    def __init__(self, habit):
        self.habit, self.is_billed = habit, habit == "billed_before"

    def __call__(self, method, path, query, body):
        if method != "GET":
            self.is_billed |= path == "/api/v1/services/11/billed"
            return 200, {}
        if path != "/api/v1/services" or self.habit == "never_listed":
            return 200, {"data": [], "next_cursor": None}
        if query.get("billed") == "true" and self.habit == "billed_refused":
            return 422, {"message": "billed must be false"}
        is_marked = query.get("billed") == "true"
        is_gone = self.is_billed and self.habit == "gone_once_billed"
        fits = {11: is_marked == self.is_billed and not is_gone, 12: not is_marked}
        is_none = {"conformidade", "1999-01-01", "2999-01-01"} & {*query.values()}
        status = {"status": "scheduled"} if self.habit == "scheduled" else {"status": None}
        rows = [row | {"billed": None} | status for row in SERVICES if fits[row["id"]] and not is_none]
        return 200, {"data": rows, "next_cursor": None}


@pytest.mark.parametrize(
    ("habit", "call", "found"),
    [
        ("scheduled", "completed_services", "filter_ignored"),
        ("billed_refused", "completed_services", "refused"),
        ("gone_once_billed", "mark_billed", "mark_lost"),
        ("never_listed", "mark_billed", ""),
        ("billed_before", "mark_billed", ""),
    ],
)
def test_mark_that_its_list_does_not_show_is_no_conformance(monkeypatch, habit, call, found):
    answering(monkeypatch, Visits(habit))
    report = Conformance("operacao", "https://x.test", "k", ids=NAMED).run(writes=True)
    [about] = [each for each in report.calls if each.name == call]
    codes = {difference.code for difference in about.differences}
    assert codes - {"unknown_answer", "refusal_missing", "limit_ignored"} == ({found} if found else set())
    assert found or "não deu para ver" in about.note


def test_record_far_down_in_a_list_that_lacks_a_field_is_named_by_its_id(monkeypatch):
    whole = {"id": 7, "status": "active"}
    answering(monkeypatch, lambda *_: (200, {"data": [whole, {"id": 8}], "next_cursor": None}))
    report = Conformance("crm", "https://x.test", "k").run(writes=False)
    texts = [found.text for call in report.calls if call.name == "contracts" for found in call.differences]
    assert "Falta o campo “status” (id 8)." in texts


def test_lists_are_asked_for_as_many_records_as_the_hub_asks_for(monkeypatch):
    refused = (422, {"message": "limit must be at most 50"})
    answering(
        monkeypatch,
        lambda _method, _path, query, _body: (
            refused if query.get("limit") == "100" else (200, {"data": [], "next_cursor": None})
        ),
    )
    report = Conformance("crm", "https://x.test", "k").run(writes=False)
    assert ("contracts", "refused", "") in differences(report)


class Invoices:
    """Financeiro's invoices, with one habit that the contract does not have."""

    def __init__(self, habit):
        self.habit, self.rows, self.last_id = habit, {}, 0

    def __call__(self, method, path, query, body):
        reference = path.rpartition("/")[2]
        if method == "GET":
            asked = query.get("references", "").split(",")
            rows = [self.rows[name] for name in asked if name in self.rows]
            return 200, {"data": rows, "next_cursor": None}
        if path.endswith("999999999"):
            return 404, {"message": "Not found"}
        if "muito" in str(body) or (5 in (body or {}).values() and "plan" not in body):
            return 422, {"message": "Invalid"}
        if "/invoices/" not in path:
            return 200, {}
        return 200, self.cancel(reference) if method == "DELETE" else {"data": self.bill(reference, body)}

    def cancel(self, reference):
        if self.habit == "cancelled_gone":
            self.rows.pop(reference, None)
        elif self.habit != "cancelled_unsaid":
            self.rows[reference]["status"] = "cancelled"
        return {}

    def bill(self, reference, body):
        known = self.rows.get(reference)
        returns = self.habit == "cancelled_returns" and known and known["status"] == "cancelled"
        if known is None or self.habit == "again_twice" or returns:
            self.last_id += self.habit == "again_twice" or not known
            self.rows[reference] = {**body, "reference": reference, "status": "open", "id": self.last_id}
        elif self.habit == "again_changes":
            known |= {"amount": body["amount"]}
        return dict(self.rows[reference])


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("again_changes", "bill_service"),
        ("again_twice", "bill_service"),
        ("cancelled_gone", "cancel_invoice"),
        ("cancelled_unsaid", "cancel_invoice"),
        ("cancelled_returns", "cancel_invoice"),
    ],
)
def test_invoice_that_does_not_stay_as_it_is_to_stay_is_named(monkeypatch, code, call):
    answering(monkeypatch, Invoices(code))
    report = Conformance("financeiro", "https://x.test", "k", ids=NAMED).run(writes=True)
    found = {(name, found) for name, found, _field in differences(report) if name in ("bill_service", call)}
    assert (call, code) in found
    assert found <= {(call, code), ("bill_service", "key_ignored")}


@pytest.mark.parametrize(
    ("system", "row", "writes"),
    [
        ("operacao", {"id": 1, "contrato": 1}, "put_schedule"),
        ("financeiro", {"referencia": "x"}, "bill_service"),
        (
            "financeiro",
            {"amount": 150, "client_id": 1, "due_on": "2026-02-02", "status": "open"},
            "bill_service",
        ),
    ],
)
def test_list_whose_fields_differ_is_not_said_to_lack_what_was_written(monkeypatch, system, row, writes):
    reference = IDS["reference"]
    shown = row | ({"reference": reference} if "amount" in row else {})
    answering(
        monkeypatch,
        lambda method, *_: (
            200,
            {"data": [shown], "next_cursor": None}
            if method == "GET"
            else {"data": {"id": 1, "status": "open"}},
        ),
    )
    ids = NAMED | {"reference": reference, "soon": "2026-02-02"}
    found = differences(Conformance(system, "https://x.test", "k", ids=ids).run(writes=True))
    reader = "schedules" if system == "operacao" else "invoices"
    assert {code for call, code, _field in found if call == reader} & {"field_missing", "field_type"}
    codes = {code for call, code, _field in found if call in (writes, "cancel_invoice")}
    assert not codes & {"not_read_back", "read_back_differs", "cancelled_gone"}


def test_what_was_written_more_often_than_it_should_stays_and_is_named(monkeypatch):
    ids = iter(range(1, 100))
    answering(
        monkeypatch,
        lambda method, path, query, body: (200, {"data": {"id": next(ids)}}),
    )
    report = Conformance("cuidadores", "https://x.test", "k", ids=NAMED).run(writes=True)
    [left] = [left for left in report.left if "ratings" in left]
    assert left.startswith("POST /api/v1/caregivers/1/ratings → id ")
    assert len(left.partition("; ")[0].split(", ")) == 3  # the first, its repeat, and the wrong one
    assert "POST /api/v1/caregivers/999999999/ratings → id " in left


def test_ignored_key_that_no_answer_shows_is_said_to_be_unseen(monkeypatch):
    refusing(monkeypatch, lambda _headers, json: (401 if json is None else 200, {"ok": True}))
    report = Conformance("atendimento", "https://x.test", "k").run(writes=True)
    assert all("não se vê se a mesma Idempotency-Key gravou duas vezes" in call.note for call in report.calls)


def test_second_page_by_number_that_is_the_first_again_is_named(monkeypatch):
    contracts = {"data": [{"id": 7, "status": "active"}], "meta": {"current_page": 1, "last_page": 2}}
    refusing(monkeypatch, lambda headers, _: (401 if "wrong" in headers["X-API-Key"] else 200, contracts))
    report = Conformance("crm", "https://x.test", "k", pages="number").run(writes=False)
    assert ("contracts", "page_ignored", "page") in differences(report)


@pytest.mark.parametrize("system", declared.SYSTEMS)
def test_each_write_that_sends_something_is_tried_with_something_wrong(simulator, system):
    report_on(simulator, system)
    tried = {call["path"] for call in simulator.calls(system) if call["outcome"] == "422"}
    sent = [each for each in contract.of_system(system) if each.sends]
    assert len(tried) == len({each.path for each in sent})


def test_no_example_lies_in_the_past_where_a_system_may_ask_for_the_future():
    ids = IDS | fresh(timezone.now())
    bodies = [each.body(ids) for each in contract.OPERATIONS]
    days = [value for body in bodies for name, value in body.items() if name.endswith("_on")]
    assert days
    assert min(days) > f"{timezone.localdate()}"


def test_number_of_a_record_that_the_system_does_not_have_is_refused_by_the_command():
    with pytest.raises(CommandError, match="aqui vale client, contract, schedule"):
        call_command("conformance", "crm", url="http://127.0.0.1:9", key="k", id=["cliente=7"])


@pytest.mark.parametrize("url", ["https://crm.test/api/v1/", "crm.test"])
def test_command_refuses_the_addresses_that_the_page_refuses(url):
    with pytest.raises(CommandError, match="O endereço"):
        call_command("conformance", "crm", url=url, key="k")


def test_command_says_in_words_and_by_its_exit_code_what_differs(simulator):
    simulator.deviate("crm", "filter_ignored", "GET /api/v1/contracts")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("conformance", "crm", url=f"{simulator.url}/crm", key="simulator", stdout=out)
    assert ended.value.code == 1
    assert "Os filtros status, synced e billing foram ignorados: vieram registros" in out.getvalue()
    assert "→ GET /api/v1/contracts?status=conformidade" in out.getvalue()
    assert "← 200" in out.getvalue()


def test_command_gives_json_to_programs(simulator):
    out = StringIO()
    arguments = {"url": f"{simulator.url}/marketing", "key": "simulator", "write": True, "json": True}
    call_command("conformance", "marketing", stdout=out, **arguments)
    assert json.loads(out.getvalue())["conforms"] is True


def test_command_sends_the_hubs_own_key_to_no_other_address(settings):
    own = settings.SYSTEMS["crm"] | {"url": "http://127.0.0.1:9", "key": "own"}
    settings.SYSTEMS = settings.SYSTEMS | {"crm": own}
    with pytest.raises(CommandError, match="a do hub não é enviada para lá"):
        call_command("conformance", "crm", url="http://127.0.0.1:10")
    with pytest.raises(CommandError, match="Ninguém responde"):
        call_command("conformance", "crm")


def test_command_says_when_nobody_answers():
    with pytest.raises(CommandError, match=r"Ninguém responde em .*: não houve conexão"):
        call_command("conformance", "crm", url="http://127.0.0.1:9", key="k")
