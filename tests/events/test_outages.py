"""What a system that is down or paused holds back, and the probe that an operator asks for."""

import pytest
from django.utils import timezone

from carinho.services.circuit_breaker import Breaker
from events import outages
from events.engine import circuit_breakers
from events.models import CircuitBreaker, Delivery
from tests.console import rows

pytestmark = pytest.mark.django_db


def test_due_deliveries_of_a_down_system_are_held_and_the_others_are_not():
    event = rows.lead()
    rows.down("crm")
    assert [delivery.step for delivery in outages.held()] == ["register_lead"]
    assert event.deliveries.get(step="send_welcome") not in outages.held()


def test_an_outage_says_since_when_how_many_and_the_oldest():
    rows.lead(), rows.lead()
    rows.down("crm")
    [outage] = outages.current()
    assert (outage.breaker.service, outage.held) == ("crm", 2)
    assert outage.oldest == min(Delivery.objects.filter(service="crm").values_list("due_at", flat=True))
    assert outage.since == outage.breaker.outage_since


def test_a_paused_system_holds_even_when_nothing_waits_for_it():
    circuit_breakers.pause("marketing", actor="user:ana", reason="Manutenção")
    [outage] = outages.current()
    assert (outage.breaker.service, outage.held, outage.oldest) == ("marketing", 0, None)
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
    breaker = Breaker("crm", circuit_breakers._snapshot(row))
    assert breaker.lets_through(8) == 1


def test_there_is_no_probe_of_a_system_that_is_well_or_paused():
    assert not outages.try_now("crm", actor="user:ana")
    rows.down("crm")
    circuit_breakers.pause("crm", actor="user:ana")
    assert not outages.try_now("crm", actor="user:ana")


def test_a_system_that_says_it_is_offline_holds_too():
    rows.lead()
    CircuitBreaker.objects.filter(service="whatsapp").update(offline_since=timezone.now())
    [outage] = outages.current()
    assert (outage.breaker.service, outage.held) == ("whatsapp", 1)
    assert outage.since == outage.breaker.offline_since
