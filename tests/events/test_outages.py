"""What a system that is down holds back, the probe that an operator asks for, and the record that is kept."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from django.utils.html import strip_tags

from carinho.console.base import page_of
from carinho.services.circuit_breaker import Breaker
from events import operations, outages
from events.admin.outage import what_became_of
from events.engine import circuit_breakers, lane
from events.models import CircuitBreaker, Delivery, DeliveryStatus, OutageCause, OutageRecord
from tests.clients import logged_in
from tests.console import rows
from tests.events.conftest import BILLING
from tests.processes import eventually

pytestmark = pytest.mark.django_db


def test_due_deliveries_of_a_down_system_are_held_and_the_others_are_not():
    event = rows.lead()
    rows.down("crm")
    assert [delivery.step for delivery in outages.held()] == ["register_lead"]
    assert event.deliveries.get(step="send_welcome") not in outages.held()


def test_an_outage_says_since_when_how_many_and_the_oldest():
    rows.lead(), rows.lead(), rows.retrying()
    rows.down("crm")
    [outage] = outages.current()
    assert (outage.breaker.service, outage.queue.due, outage.queue.waiting) == ("crm", 2, 3)
    assert outage.queue.oldest == min(Delivery.objects.filter(service="crm").values_list("due_at", flat=True))
    assert outage.since == outage.breaker.outage_since


def test_a_paused_system_holds_even_when_nothing_waits_for_it():
    circuit_breakers.pause("marketing", actor="user:ana", reason="Manutenção")
    [outage] = outages.current()
    assert (outage.breaker.service, outage.queue.due, outage.queue.oldest) == ("marketing", 0, None)
    assert outage.since == outage.breaker.paused_at


def test_the_last_probe_is_the_lesson():
    delivery = rows.lead().deliveries.get(step="register_lead")
    breaker = rows.down("crm")
    Delivery.objects.filter(pk=delivery.pk).update(held_since=breaker.outage_since)
    probe = rows.tried(delivery, reason="Connection refused")
    type(probe).objects.filter(pk=probe.pk).update(is_probe=True)
    [outage] = outages.current()
    assert outage.probe.error == "Connection refused"


def test_a_probe_on_demand_lets_the_breaker_through_at_once():
    rows.down("crm")
    assert outages.try_now("crm", actor="user:ana")
    row = CircuitBreaker.objects.get(service="crm")
    assert row.next_probe_at <= timezone.now()
    shared = circuit_breakers.SharedBreaker("crm", Breaker("crm"))
    shared.load()
    assert shared.lets_through(8) == 1


def test_there_is_no_probe_of_a_system_that_is_well_or_paused():
    assert not outages.try_now("crm", actor="user:ana")
    rows.down("crm")
    circuit_breakers.pause("crm", actor="user:ana")
    assert not outages.try_now("crm", actor="user:ana")


def test_a_system_that_says_it_is_offline_holds_too():
    rows.lead()
    CircuitBreaker.objects.filter(service="whatsapp").update(offline_since=timezone.now())
    [outage] = outages.current()
    assert (outage.breaker.service, outage.queue.due) == ("whatsapp", 1)
    assert outage.since == outage.breaker.offline_since


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ({"delivered": 50, "failed": 1}, "50 entregues, 1 falhou"),
        ({"delivered": 1, "skipped": 50}, "1 entregue, 50 não foram enviadas"),
        (
            {"failed": 2, "waiting": 3, "delivered": 45},
            "45 entregues, 2 falharam, 3 na fila, 1 perdida",
        ),
    ],
)
def test_the_numbers_of_a_report_add_up_to_those_that_waited(ends, said):
    assert what_became_of(OutageRecord(held=51, **ends)) == said


def test_what_is_being_delivered_is_not_said_to_be_in_the_queue():
    record = OutageRecord(held=4, delivered=1, waiting=3)
    record.under_way = 1
    assert what_became_of(record) == "1 entregue, 2 na fila, 1 saindo agora"


@pytest.fixture
def billing_is_down(flow):
    CircuitBreaker.objects.update_or_create(
        service="billing",
        defaults={
            "state": "open",
            "outage_since": timezone.now() - timedelta(hours=2),
            "opened_at": timezone.now(),
            "next_probe_at": timezone.now() + timedelta(minutes=1),
            "last_error": "Connection refused",
        },
    )
    outages.observe()
    return OutageRecord.objects.get()


def test_outage_is_opened_once_and_closed_with_a_report_of_what_waited(
    billing_is_down, make_delivery, calls, transactional_db
):
    first, second, third = (make_delivery(number) for number in (1, 2, 3))
    outages.observe()
    assert (billing_is_down.cause, billing_is_down.reason) == (OutageCause.CIRCUIT, "Connection refused")
    operations.cancel([third.pk], actor="user:ana")
    circuit_breakers.reset("billing", actor="user:ana")
    outages.observe()
    record = OutageRecord.objects.get()
    assert record.held_ids == [first.pk, second.pk, third.pk]
    assert (record.held, record.skipped, record.waiting, record.settled_at) == (3, 1, 2, None)
    calls.put(f"{BILLING}/visits/1/hours", json={})
    calls.put(f"{BILLING}/visits/2/hours", status=422)

    def all_are_tried():  # a lane that just recovered takes them one by one
        lane.drain("billing", linger=0.3)
        return not Delivery.objects.filter(status=DeliveryStatus.QUEUED).exists()

    assert eventually(all_are_tried, 60)
    outages.observe()
    record.refresh_from_db()
    assert (record.delivered, record.failed, record.skipped, record.waiting) == (1, 1, 1, 0)
    assert record.lost == 0
    assert record.settled_at is not None
    ana = logged_in("Operador")
    assert page_of(record) in ana.get("/admin/events/circuitbreaker/held/").content.decode()
    today = timezone.localdate()
    assert page_of(record) in ana.get(f"/admin/monitoring/report/daily/?date={today}").content.decode()
    report = ana.get(page_of(record)).content.decode()
    assert "Faturamento ficou fora do ar por 2 h" in report
    rows = ana.get(f"/admin/events/delivery/?outage={record.pk}&status=done").content.decode()
    assert f"/delivery/{first.pk}/" in rows
    assert f"/delivery/{second.pk}/" not in rows


def test_what_was_refused_or_waits_for_another_attempt_when_the_outage_ends_had_waited(
    billing_is_down, make_delivery, calls, transactional_db
):
    refused, retried = make_delivery(1), make_delivery(2)
    later = timezone.now() + timedelta(hours=1)
    Delivery.objects.filter(pk=retried.pk).update(attempts=1, due_at=later)
    calls.put(f"{BILLING}/visits/1/hours", status=400)
    circuit_breakers.reset("billing", actor="user:ana")

    def is_refused():  # the lane would wait a minute for the other
        lane.drain("billing", linger=0.3)
        return Delivery.objects.filter(pk=refused.pk, status=DeliveryStatus.DEAD).exists()

    assert eventually(is_refused, 60)
    outages.observe()
    record = OutageRecord.objects.get()
    assert record.held_ids == [refused.pk, retried.pk]
    assert (record.held, record.failed, record.waiting, record.lost) == (2, 1, 1, 0)
    operator = logged_in("Operador")
    for address in ("/admin/", "/admin/events/circuitbreaker/held/"):
        assert (
            '/admin/events/deadletter/?service=billing">ver em Precisa de você'
            in operator.get(address).content.decode()
        )


def test_report_beside_a_queue_counts_what_the_queue_has_now(billing_is_down, make_delivery):
    first, _second = make_delivery(1), make_delivery(2)
    circuit_breakers.reset("billing", actor="user:ana")
    outages.observe()
    Delivery.objects.filter(pk=first.pk).update(
        status=DeliveryStatus.DONE, due_at=None, finished_at=timezone.now()
    )
    assert OutageRecord.objects.get().delivered == 0
    client = logged_in("Operador")
    for address in ("/admin/", "/admin/events/circuitbreaker/held/"):
        assert "2 esperaram: 1 entregue, 1 na fila" in strip_tags(client.get(address).content.decode())
    assert OutageRecord.objects.get().delivered == 0


def test_what_came_after_the_end_did_not_wait(billing_is_down, make_delivery):
    circuit_breakers.reset("billing", actor="user:ana")
    make_delivery(1)
    outages.observe()
    record = OutageRecord.objects.get()
    assert (record.held, record.lost) == (0, 0)
    assert record.settled_at is not None
    assert page_of(record) in logged_in("Operador").get("/admin/").content.decode()


def test_a_pause_is_an_outage_with_the_reason_that_was_given(flow):
    CircuitBreaker.objects.get_or_create(service="billing")
    circuit_breakers.pause("billing", actor="user:ana", reason="inventário")
    outages.observe()
    record = OutageRecord.objects.get()
    assert (record.cause, record.reason, record.ended_at) == (OutageCause.PAUSED, "inventário", None)
    assert "Ainda não acabou" in logged_in("Operador").get(page_of(record)).content.decode()


def probed(at, outcome):
    probe = rows.tried(rows.lead().deliveries.get(step="register_lead"), outcome=outcome)
    type(probe).objects.filter(pk=probe.pk).update(is_probe=True, started_at=at)


@pytest.mark.parametrize(
    ("outcome", "found", "said"),
    [
        (None, {}, "o teste sai com a primeira entrega"),
        ("unavailable", {}, "continua fora"),
        ("done", {"state": "half_open"}, "o sistema respondeu; mais um teste bom e ele é liberado"),
        ("done", {"state": "closed", "outage_since": None}, "voltou"),
        ("rejected", {"state": "half_open"}, "respondeu, mas recusou o teste"),
        ("rejected", {"state": "closed", "outage_since": None}, "respondeu, mas recusou o teste"),
    ],
)
def test_trial_that_somebody_asked_for_says_its_result_on_the_card_and_beside_who_asked(outcome, found, said):
    breaker, browser = rows.down("crm"), logged_in("Operador")
    browser.post("/admin/events/circuitbreaker/try_now/", {"ids": "crm"})
    if outcome:
        probed(timezone.now(), outcome)
    CircuitBreaker.objects.filter(pk="crm").update(version=F("version") + 1, **found)
    for address in ("/admin/events/circuitbreaker/", page_of(breaker)):
        assert f"</time>: {said}" in browser.get(address).content.decode()
    assert f"<td>{said}</td>" in browser.get(page_of(breaker)).content.decode()


def test_trial_is_on_its_way_while_something_waits_and_a_system_that_holds_stands_first():
    rows.lead()
    breaker, browser = rows.down("crm"), logged_in("Operador")
    browser.post("/admin/events/circuitbreaker/try_now/", {"ids": "crm"})
    cards = browser.get("/admin/events/circuitbreaker/").content.decode()
    assert cards.index('id="system-crm"') < cards.index('id="system-atendimento"')
    for html in (cards, browser.get(page_of(breaker)).content.decode()):
        assert "<dt>Próximo teste</dt><dd>agora</dd>" in html
        assert "</time>: o teste está saindo" in html


def test_result_of_a_trial_stands_whatever_the_circuit_tells_of_a_later_outage():
    breaker, browser = rows.down("crm"), logged_in("Operador")
    browser.post("/admin/events/circuitbreaker/try_now/", {"ids": "crm"})
    probed(timezone.now(), "done")
    browser.post("/admin/events/circuitbreaker/try_now/", {"ids": "crm"})
    probed(timezone.now(), "unavailable")
    html = browser.get(page_of(breaker)).content.decode()
    assert html.index("<td>continua fora</td>") < html.index("<td>voltou</td>")


def test_trial_that_somebody_asked_for_makes_the_next_wait_no_longer():
    rows.down("crm")
    CircuitBreaker.objects.filter(pk="crm").update(trips=3)
    outages.try_now("crm", actor="user:ana")
    assert CircuitBreaker.objects.get(pk="crm").trips == 2  # the failed trial makes it three again
