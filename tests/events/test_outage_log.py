"""An outage is written down: since when, how many waited, and what became of each of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.console.base import page_of
from events import operations, outage_log
from events.engine import circuit_breakers, lane
from events.models import CircuitBreaker, OutageCause, OutageRecord
from tests.clients import logged_in
from tests.events.conftest import BILLING


@pytest.fixture
def billing_is_down(flow, db):
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
    outage_log.observe()
    return OutageRecord.objects.get()


def test_outage_is_opened_once_and_closed_with_a_report_of_what_waited(
    billing_is_down, make_delivery, calls, transactional_db
):
    first, second, third = (make_delivery(number) for number in (1, 2, 3))
    outage_log.observe()
    assert (billing_is_down.cause, billing_is_down.reason) == (OutageCause.CIRCUIT, "Connection refused")
    operations.cancel([third.pk], actor="user:ana")
    circuit_breakers.reset("billing", actor="user:ana")
    outage_log.observe()
    record = OutageRecord.objects.get()
    assert record.held_ids == [first.pk, second.pk, third.pk]
    assert (record.held, record.skipped, record.waiting, record.settled_at) == (3, 1, 2, None)
    calls.put(f"{BILLING}/visits/1/hours", json={})
    calls.put(f"{BILLING}/visits/2/hours", status=422)
    lane.drain("billing")
    outage_log.observe()
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


def test_what_came_after_the_end_did_not_wait(billing_is_down, make_delivery):
    circuit_breakers.reset("billing", actor="user:ana")
    make_delivery(1)
    outage_log.observe()
    record = OutageRecord.objects.get()
    assert (record.held, record.lost) == (0, 0)
    assert record.settled_at is not None
    assert page_of(record) in logged_in("Operador").get("/admin/").content.decode()


def test_a_pause_is_an_outage_with_the_reason_that_was_given(flow, db):
    CircuitBreaker.objects.get_or_create(service="billing")
    circuit_breakers.pause("billing", actor="user:ana", reason="inventário")
    outage_log.observe()
    record = OutageRecord.objects.get()
    assert (record.cause, record.reason, record.ended_at) == (OutageCause.PAUSED, "inventário", None)
    assert "Ainda não acabou" in logged_in("Operador").get(page_of(record)).content.decode()
