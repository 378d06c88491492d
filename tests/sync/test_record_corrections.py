"""Corrigir e tentar de novo: a record that failed is mended by a person, as an operator meets it."""

import re

import pytest
from django.urls import reverse

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR, VIEWER
from sync import records, runs, worker
from sync.job import Job
from sync.models import RecordCorrection, SyncFailure, SyncRecord, SyncRun
from tests.clients import logged_in
from tests.sync.conftest import caregiver, contract, service

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr(runs, "wake_worker", lambda name: None)


def failed(job="sync.cuidadores_crm", **more):
    given = {
        "job_id": job,
        "key": "7",
        "kind": "rejected",
        "cause": "invalid_phone_number",
        "reason": "Invalid phone",
        "payload": caregiver(7, phone="98765-4321", skills=["idosos"]),
    }
    return SyncFailure.objects.create(**(given | more))


def address(row, name="correct"):
    return reverse(f"admin:sync_syncfailure_{name}", args=[row.pk])


def html_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def opened(browser, row):
    html = html_of(browser.post(address(row)))
    return html, html.partition('name="version" value="')[2].partition('"')[0]


def test_record_whose_data_is_right_is_tried_again_from_the_form():
    browser, row = logged_in(OPERATOR), failed(payload=caregiver(7))
    _html, version = opened(browser, row)
    html = html_of(browser.post(address(row), {"version": version, "do": "review"}))
    assert "Nenhum dado foi mudado." in html
    assert "Tentar como está" in html
    as_it_is = html.partition('<form id="as-it-is"')[2].partition("</form>")[0]
    for posted in ('name="action" value="retry"', f'name="_selected_action" value="{row.pk}"'):
        assert posted in as_it_is


def test_the_form_has_the_fields_of_the_record_in_portuguese_and_checks_what_is_typed():
    browser, row = logged_in(OPERATOR), failed()
    html, version = opened(browser, row)
    for words in ("Nome", "Telefone", "Ativo(a)", 'value="98765-4321"', "Faltam dígitos ou o DDD"):
        assert words in html
    for absent in ("data.id", "data.skills", "updated_at"):
        assert absent not in html
    assert AuditEntry.objects.get(action="person.revealed").target == f"sync_failure {row.pk}"
    short = browser.post(address(row, "check"), {"data.phone": "21 99876 543"}).json()
    assert "Falta um dígito" in short["problems"]["data.phone"]
    checked = browser.post(address(row, "check"), {"data.phone": "21 99876 5432"}).json()
    assert checked["understood"] == {"data.phone": "Entendido: +55 21 99876-5432"}
    asked = html_of(
        browser.post(address(row), {"version": version, "data.phone": "21 99876 5432", "do": "review"})
    )
    for words in ("98765-4321", "+55 21 99876-5432", "Motivo da correção", "Corrigir também na origem"):
        assert words in asked
    assert not RecordCorrection.objects.exists()


def test_corrected_record_is_kept_in_both_versions_and_taken_to_the_other_system(load, simulator):
    row, browser = failed(), logged_in(OPERATOR)
    _html, version = opened(browser, row)
    form = {"version": version, "data.phone": "(21) 99876-5432", "do": "send", "reason": "Ela ligou"}
    run_page = html_of(browser.post(address(row), form, follow=True))
    assert "Registro corrigido" in run_page
    correction = RecordCorrection.objects.get()
    assert correction.changed == {"phone": ["98765-4321", "5521998765432"]}
    assert correction.before == row.payload
    assert correction.after == row.payload | {"phone": "5521998765432"}
    assert (correction.actor, correction.run) == ("user:ana", SyncRun.objects.get())
    worker.go_on(row.job_id)
    row.refresh_from_db()
    assert row.status == "resolved"
    assert SyncRecord.objects.get(key="7").wanted["phone"] == "5521998765432"
    page = html_of(browser.get(reverse("admin:sync_syncfailure_change", args=[row.pk])))
    assert "Ela ligou" in page
    assert "99876-5432" not in page
    assert "Corrigir e tentar de novo" not in page
    detail = AuditEntry.objects.get(action="sync.correct_record").detail
    assert (detail["fields"], detail["reason"]) == (["phone"], "Ela ligou")


def test_second_of_two_operators_is_told_who_was_first_and_changes_nothing():
    row, ana, bia = failed(), logged_in(OPERATOR), logged_in(OPERATOR, "bia")
    (_html, version), form = opened(ana, row), {"do": "send", "reason": "Ela ligou"}
    ana.post(address(row), form | {"version": version, "data.phone": "(21) 99876-5432"})
    late = bia.post(address(row), form | {"version": version, "data.phone": "(31) 98888-7777"}, follow=True)
    assert "Nada foi mudado. ana já corrigiu este registro e o tentou de novo." in html_of(late)
    row.refresh_from_db()
    assert row.payload["phone"] == "5521998765432"


def test_correction_waits_for_a_running_synchronisation_and_keeps_what_was_typed():
    row, browser = failed(), logged_in(OPERATOR)
    _html, version = opened(browser, row)
    runs.create_run(row.job_id, author="user:bia")
    form = {"version": version, "data.phone": "(21) 99876-5432", "do": "send", "reason": "Ela ligou"}
    html = html_of(browser.post(address(row), form))
    assert "A sincronização está em execução agora." in html
    assert 'value="(21) 99876-5432"' in html
    row.refresh_from_db()
    assert row.payload["phone"] == "98765-4321"
    assert not RecordCorrection.objects.exists()


def test_failure_that_a_run_retried_meanwhile_asks_to_look_again():
    row, browser = failed(), logged_in(OPERATOR)
    _html, version = opened(browser, row)
    SyncFailure.objects.update(attempts=2)
    form = {"version": version, "data.phone": "(21) 99876-5432", "do": "send", "reason": "Ela ligou"}
    assert "já foi tentado de novo e falhou" in html_of(browser.post(address(row), form, follow=True))
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "unavailable"},
        {"key": "?0123456789abcdef"},
        {"payload": {"orphan": "7"}},
        {"payload": "texto"},
    ],
)
def test_failure_that_no_field_would_mend_offers_no_correction(more):
    row, browser = failed(**more), logged_in(OPERATOR)
    page = html_of(browser.get(reverse("admin:sync_syncfailure_change", args=[row.pk])))
    assert address(row) not in page
    assert browser.post(address(row)).status_code in (302, 404)


def test_what_is_typed_into_a_form_whose_record_is_done_meanwhile_is_answered():
    browser, row = logged_in(OPERATOR), failed()
    opened(browser, row)
    SyncFailure.objects.filter(pk=row.pk).update(kind="unavailable")
    answer = browser.post(address(row, "check"), {"data.phone": "21 99876 5432"})
    assert answer.status_code == 200
    assert "não se corrige mais" in " ".join(map(str, answer.json()["others"]))


@pytest.mark.parametrize(("cause", "is_corrected"), [("invalid_data", True), ("not_found", False)])
def test_the_one_button_that_stands_out_is_the_one_that_helps(cause, is_corrected):
    row = failed(cause=cause)
    shown = logged_in(OPERATOR).get(reverse("admin:sync_syncfailure_change", args=[row.pk])).context
    [retry] = shown["buttons"]
    assert (shown["correct"]["is_main"], retry["is_main"]) == (is_corrected, not is_corrected)


def test_viewer_sees_the_button_with_the_reason_and_a_hand_made_request_is_refused():
    row, browser = failed(), logged_in(VIEWER)
    page = html_of(browser.get(reverse("admin:sync_syncfailure_change", args=[row.pk])))
    assert "Corrigir e tentar de novo" in page
    assert "Seu papel permite ver, mas não fazer isto." in page
    assert browser.post(address(row)).status_code == 403
    assert browser.post(address(row, "check")).status_code == 403


def test_amount_and_moment_are_understood_as_people_write_them():
    row = failed(
        "sync.operacao_financeiro",
        cause="invalid_data",
        payload=service(7, amount="muito", finished_at="ontem"),
    )
    browser = logged_in(OPERATOR)
    html, version = opened(browser, row)
    assert "Deve ser um valor em dinheiro, como 150,00." in html
    form = {"version": version, "data.amount": "1.234,56", "data.finished_at": "23/01/2026 10:30"}
    browser.post(address(row), form | {"do": "send", "reason": "Conferido com a Operação"})
    row.refresh_from_db()
    assert (row.payload["amount"], row.payload["finished_at"]) == ("1234.56", "2026-01-23T10:30:00-03:00")


@pytest.mark.parametrize(
    ("job", "record"),
    [
        ("sync.crm_operacao", contract(7)),
        ("sync.crm_financeiro", contract(7)),
        ("sync.operacao_financeiro", service(7)),
        ("sync.cuidadores_crm", caregiver(7)),
    ],
)
def test_record_that_is_right_has_no_problem_in_its_form(job, record):
    fields = Job.registry[job].fields
    fields.model_validate({name: record[name] for name in record if name in fields.model_fields})
    assert not records.plan(Job.registry[job], [record]).invalid
