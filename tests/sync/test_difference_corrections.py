"""What sets a difference right: the button where a call exists, a sentence for a person where none does."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from carinho.console import labels
from carinho.console.base import page_of
from carinho.services.contract import BILLING_FIELDS, SCHEDULE_FIELDS
from sync import difference_corrections, runs, status, worker
from sync import labels as sync_labels
from sync.admin import lines
from sync.job import Job
from sync.jobs.cuidadores_crm import CAREGIVER
from sync.models import Agreement, DifferenceKind, SyncDifference, SyncFailure, SyncRun
from tests.clients import logged_in
from tests.sync.conftest import JOBS, service

BILLING = "sync.operacao_financeiro"
SCHEDULES = "sync.crm_operacao"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr(runs, "wake_worker", lambda name: None)


def invoice(number, **more):
    due_on = timezone.localdate() + timedelta(days=3)
    return {
        "reference": f"service-{number}",
        "client_id": 1000 + number,
        "amount": "150.00",
        "due_on": due_on.isoformat(),
        "status": "open",
    } | more


def invoices(simulator):
    return {row["reference"]: row for row in simulator.state()["financeiro"]["records"]["invoices"]}


def schedule(simulator):
    return simulator.state()["operacao"]["records"]["schedules"][0]


def correct(run, *differences):
    return run(BILLING, "records", chosen={"differences": [row.pk for row in differences]})


@pytest.fixture
def orphan(run, simulator):
    """An invoice that the hub wrote, of a service that was cancelled since."""
    simulator.load({"operacao": {"services": [service(8)]}})
    run(BILLING)
    simulator.load({"operacao": {"services": [service(8, status="cancelled")]}})
    run(BILLING, "check")
    return SyncDifference.objects.get(key="8", kind="orphan")


def test_invoice_that_no_service_explains_is_cancelled_by_its_button(run, simulator, orphan):
    assert correct(run, orphan).written == 1
    assert invoices(simulator)["service-8"]["status"] == "cancelled"
    orphan.refresh_from_db()
    assert orphan.closed_at is not None


def test_invoice_whose_service_was_completed_meanwhile_is_not_cancelled(run, simulator, orphan):
    simulator.load({"operacao": {"services": [service(8)]}})
    correct(run, orphan)
    assert invoices(simulator)["service-8"]["status"] == "open"


def test_button_names_the_invoices_that_it_cancels_and_says_that_this_is_not_undone(run, orphan):
    ana = logged_in("Operador")
    check = ana.get(page_of(orphan.run)).content.decode()
    assert "Cancelar 1 fatura" in check
    assert "cliente 1008 · R$ 150,00" in check
    assert "Isto não se desfaz" in check
    corrected = correct(run, orphan)
    assert "Desfazer" not in ana.get(page_of(corrected)).content.decode()


@pytest.fixture
def corrected(simulator, run, load):
    """A run that gave a schedule the caregiver that CRM has."""
    load(SCHEDULES, 1)
    run(SCHEDULES)
    simulator.load({"operacao": {"schedules": [{"contract_id": 1, "client_id": 1001, "caregiver_id": 7}]}})
    run(SCHEDULES, "check")
    difference = SyncDifference.objects.get(closed_at=None)
    done = run(SCHEDULES, "records", chosen={"differences": [difference.pk]})
    assert schedule(simulator)["caregiver_id"] == 50
    return done


def test_correction_is_undone_by_who_made_it_and_once(simulator, corrected):
    ana, bia = logged_in("Operador"), logged_in("Operador", "bia")
    assert "Desfazer" not in bia.get(page_of(corrected)).content.decode()
    assert "Desfazer" in ana.get(page_of(corrected)).content.decode()
    bia.post("/admin/sync/syncrun/undo/", {"ids": corrected.pk})
    answer = ana.post("/admin/sync/syncrun/undo/", {"ids": corrected.pk})
    undone = SyncRun.objects.first()
    assert answer.url == page_of(undone)
    worker.go_on(SCHEDULES)
    assert schedule(simulator)["caregiver_id"] == 7
    given_back = ana.get(page_of(undone)).content.decode()
    assert "Devolver o que o destino tinha" in given_back
    assert ">devolvido<" in given_back
    for page in (given_back, ana.get(page_of(corrected)).content.decode()):
        assert "os dois lados concordam" not in page
    assert SyncDifference.objects.get(closed_at=None).kind == "different"
    again = ana.post("/admin/sync/syncrun/undo/", {"ids": corrected.pk}, follow=True)
    assert "já foi desfeito" in again.content.decode()


def test_a_correction_that_holds_says_that_both_sides_agree(corrected):
    html = logged_in("Operador").get(page_of(corrected)).content.decode()
    assert "os dois lados concordam" in html


def test_correction_can_be_undone_for_a_minute_after_its_comparison(corrected):
    late = timezone.now() - timedelta(seconds=61)
    SyncRun.objects.filter(pk__gte=corrected.pk).update(finished_at=late)
    assert difference_corrections.undo(corrected.pk, actor="user:ana") is None


def test_orphan_that_could_not_be_taken_away_is_a_failure_and_the_next_run_tries_again(
    run, simulator, orphan
):
    simulator.fault("financeiro", status=422, path="/invoices/service-8")
    assert correct(run, orphan).failed == 1
    assert SyncFailure.objects.get(status="open").key == "8"
    simulator.heal("financeiro")
    run(BILLING)
    assert invoices(simulator)["service-8"]["status"] == "cancelled"
    assert not SyncFailure.objects.filter(status="open").exists()
    assert not SyncDifference.objects.filter(closed_at=None).exists()


def test_service_completed_after_its_orphan_was_cancelled_is_written_under_a_new_key(run, simulator, orphan):
    correct(run, orphan)
    simulator.load({"operacao": {"services": [service(8)]}})
    run(BILLING)
    keys = [call["idempotency_key"] for call in simulator.calls("financeiro") if call["method"] != "GET"]
    assert len(keys) == len(set(keys)) == 3


def test_service_whose_invoice_was_cancelled_is_not_marked_billed_but_goes_to_a_person(run, simulator):
    simulator.load(
        {
            "operacao": {"services": [service(5)]},
            "financeiro": {"invoices": [invoice(5, status="cancelled")]},
        }
    )
    assert run(BILLING).failed == 1
    failure = SyncFailure.objects.get()
    assert "The invoice of this service was cancelled" in failure.reason
    assert simulator.state()["operacao"]["records"]["services"][0]["billed"] is False
    difference = SyncDifference.objects.get(closed_at=None)
    assert (difference.kind, difference.fields) == ("different", ["status"])
    assert "Acerte a fatura service-5 no Financeiro" in difference.by_hand
    page = logged_in("Operador").get(page_of(difference.run)).content.decode()
    assert "cancelada" in page
    assert "a fatura deste atendimento foi cancelada" in labels.error(failure.reason)


def test_invoice_with_another_amount_is_for_a_person_and_says_where(run, simulator):
    simulator.load(
        {"operacao": {"services": [service(5)]}, "financeiro": {"invoices": [invoice(5, amount="99.00")]}}
    )
    run(BILLING)
    difference = SyncDifference.objects.get(closed_at=None)
    assert (difference.kind, difference.fields) == ("different", ["amount"])
    assert "Acerte a fatura service-5 no Financeiro" in difference.by_hand
    assert not SyncDifference.objects.correctable().exists()
    assert correct(run, difference).written == 0
    assert invoices(simulator)["service-5"]["amount"] == "99.00"


@pytest.mark.parametrize("name", JOBS)
def test_every_difference_has_a_button_or_says_what_a_person_does(name, db):
    for number, kind in enumerate(DifferenceKind.values):
        row = SyncDifference.objects.create(job_id=name, key=str(number), kind=kind, payload={"id": number})
        assert bool(row.by_hand) != SyncDifference.objects.filter(pk=row.pk).correctable().exists()


def test_job_that_finds_what_is_left_over_takes_it_away_or_says_who_does():
    for job in Job.registry.values():
        removes = type(job).remove is not Job.remove
        assert job.finds_orphans == (removes or "orphan" in job.by_hand)


def test_share_that_agrees_is_told_by_day_and_never_rounded_up_to_all(db):
    today = timezone.localdate()
    for ago, agreeing in ((40, 1), (1, 998), (0, 99_999)):
        compared = 100_000 if ago == 0 else 1_000
        Agreement.objects.create(
            job_id=BILLING, day=today - timedelta(days=ago), compared=compared, agreeing=agreeing
        )
    assert [day["percent"] for day in status.agreement_days()[BILLING]] == [99.8, 99.9]
    assert status.overview()[BILLING]["agreement_percent"] == 99.9


def test_a_difference_is_told_in_portuguese_with_days_as_people_write_them(simulator, run, load):
    load(SCHEDULES, 1, starts_on="2026-03-02", weekdays=["mon", "wed"])
    run(SCHEDULES)
    other = {"contract_id": 1, "client_id": 1001, "starts_on": "2026-03-09", "weekdays": ["sat"]}
    simulator.load({"operacao": {"schedules": [other]}})
    run(SCHEDULES, "check")
    text = strip_tags(logged_in("Operador").get("/admin/sync/syncdifference/").content.decode())
    assert "dias da semana sáb → seg, qua" in text
    assert "primeiro dia 09/03/2026 → 02/03/2026" in text


def test_when_a_caregiver_works_is_told_masked_by_weekday():
    there = {"active": False, "availability": {"mon": ["08:00-18:00"]}}
    wanted = {"active": True, "availability": {"sun": ["08:00-12:00"]}}
    row = SyncDifference(
        job_id="sync.cuidadores_crm", key="7", kind="different", fields=[*there], there=there, payload=wanted
    )
    hidden = "•••• (11 caracteres)"
    said = strip_tags(lines.of_difference(row).changes)
    assert said == f"ativo não → sim horários seg: {hidden} → dom: {hidden}"


def test_each_field_that_a_comparison_may_name_has_a_label():
    named = {*SCHEDULE_FIELDS, *BILLING_FIELDS, *CAREGIVER, "due_on", "status"}
    assert named <= sync_labels.FIELDS.keys()
