"""What a preview says of dead letters, held against what becomes of them when they are sent again."""

from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone

from events import operations, preview
from events.demo import samples
from events.engine import circuit_breakers, transitions
from events.engine.transitions import Failure
from events.intake import envelope, ingestion
from events.models import CircuitBreaker, DeadLetter, Delivery, Event
from events.preview import Expected
from tests.whatsapp.conftest import drain, quick, zapi  # noqa: F401 -- fixtures
from whatsapp import contacts, policy
from whatsapp.models import Contact, SentMessage

pytestmark = pytest.mark.django_db(transaction=True)


def accept(type, number, data, source="operacao"):
    read = envelope.read({"type": type, "id": f"{type}-{number}", "data": data}, source=source)
    return Event.objects.get(pk=ingestion.accept([read])[0].event_id)


def cancelled(number, phone):
    data = {"service_id": number, "client_id": number, "client_phone": phone, "reason": f"Motivo {number}"}
    return accept("service.cancelled", number, data)


def owed(number, phone):
    sample = samples.load("payment.failed")["data"]
    return accept(
        "payment.failed", number, sample | {"client_id": number, "client_phone": phone}, "financeiro"
    )


def completed(number, phone):
    sample = samples.load("service.completed")["data"]
    return accept("service.completed", number, sample | {"service_id": number, "client_phone": phone})


def bury(event, service="whatsapp"):
    """One of the event's deliveries to this system, dead."""
    delivery = event.deliveries.filter(service=service, status="queued").first()
    transitions.fail_held([Failure(delivery.pk, "unavailable", "held_too_long", "Held")], error="Held")
    return DeadLetter.objects.get(delivery=delivery)


def test_preview_says_what_becomes_of_messages_in_any_state(zapi, quick):  # noqa: F811
    CircuitBreaker.objects.get_or_create(service="whatsapp")
    chance = Random(20261128)
    zapi.load({"zapi": {"numbers": {"551187650004": {"phone": None}}}})
    for number in range(1, 41):
        phone = chance.choice(["11987654321", "5551987650002", "11987650004", f"119876{number:05}"])
        event = chance.choice([cancelled, completed])(number, phone)
        item = bury(event)
        who = contacts.identity(event.phone)
        if chance.random() < 0.3:
            contact = contacts.find_or_make(who)
            Contact.objects.filter(pk=contact.pk).update(opted_out_at=timezone.now())
        if chance.random() < 0.3:
            contact = contacts.find_or_make(who)
            exists = not contact.phone.endswith("87650004")
            Contact.objects.filter(pk=contact.pk).update(checked_at=timezone.now(), has_whatsapp=exists)
        if chance.random() < 0.3:
            moment = timezone.now() + timedelta(hours=chance.choice([-1, 1]))
            Delivery.objects.filter(pk=item.delivery_id).update(useful_until=moment)
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    said = {item.delivery_id: item for item in preview.of(ids)}
    assert {item.expected for item in said.values()} >= {Expected.MESSAGE, Expected.SKIP, Expected.FAIL}
    assert not SentMessage.objects.filter(first_tried_at__isnull=False).exists()  # nothing was begun by it
    operations.retry(ids, actor="test")
    drain()
    for delivery in Delivery.objects.filter(pk__in=said):
        item = said[delivery.pk]
        if item.expected == Expected.MESSAGE:
            message = SentMessage.objects.get(delivery=delivery)
            unknown_number = delivery.status == "dead" and "no WhatsApp" in delivery.error
            assert delivery.status == "done" or unknown_number, delivery.error
            assert message.text == item.text
        elif item.expected == Expected.SKIP:
            assert (delivery.status, delivery.skip_cause) == ("skipped", item.skip_cause)
        else:
            assert (item.expected, delivery.status) == (Expected.FAIL, "dead")
            assert delivery.error == item.reason
            assert delivery.dead_letter.cause == item.cause


def test_message_that_waits_for_the_morning_or_for_its_system_says_so(zapi, quick, settings):  # noqa: F811
    CircuitBreaker.objects.get_or_create(service="whatsapp")
    item = bury(completed(1, "11987654321"))
    hour = timezone.localtime().hour
    settings.WHATSAPP_QUIET_HOURS = f"{hour}-{(hour + 2) % 24}"
    Delivery.objects.filter(pk=item.delivery_id).update(useful_until=None)
    [said] = preview.of([item.pk])
    operations.retry([item.pk], actor="test")
    drain()
    delivery = Delivery.objects.get(pk=item.delivery_id)
    assert (said.expected, delivery.status, said.until) == (Expected.WAIT, "queued", delivery.due_at)
    other = bury(cancelled(2, "11987654321"))
    circuit_breakers.pause("whatsapp", actor="test")
    [said] = preview.of([other.pk])
    assert (said.expected, said.until, bool(said.text)) == (Expected.WAIT, None, True)


def test_strangers_too_many_for_today_are_said_to_wait(zapi, quick, settings):  # noqa: F811
    CircuitBreaker.objects.get_or_create(service="whatsapp")
    settings.WHATSAPP_DAILY_LIMIT = 2
    items = [bury(owed(number, f"1198765000{number}")) for number in range(1, 5)]
    items.append(bury(cancelled(5, "11987650005")))
    spoils = Delivery.objects.filter(pk=items[3].delivery_id)
    spoils.update(useful_until=policy.next_day(timezone.now()))
    said = preview.of([item.pk for item in items])
    assert [item.expected for item in said] == [
        Expected.MESSAGE, Expected.MESSAGE, Expected.WAIT, Expected.FAIL, Expected.MESSAGE,
    ]  # fmt: skip
    assert said[3].cause == "daily_limit"
    assert not Contact.objects.exists()  # a stranger is not made known by a look


def test_steps_done_and_steps_to_follow_are_named_and_a_later_event_overtakes():
    first = accept("client.updated", 1, {"client_id": 7, "changes": {"city": "Santos"}}, source="crm")
    item = bury(first, "operacao")
    other = first.deliveries.exclude(pk=item.delivery_id).first()
    Delivery.objects.filter(pk=other.pk).update(status="done", due_at=None, finished_at=timezone.now())
    [said] = preview.of([item.pk])
    assert (said.expected, said.done, said.overtaken_by) == (Expected.CALL, (other.step,), None)
    later = accept("client.updated", 2, {"client_id": 7, "changes": {"city": "Guarujá"}}, source="crm")
    later.deliveries.filter(service="operacao").update(status="done", due_at=None, finished_at=timezone.now())
    [said] = preview.of([item.pk])
    assert said.overtaken_by == later.pk


def test_preview_of_many_takes_as_many_statements_as_of_one(django_assert_max_num_queries):
    items = [bury(cancelled(number, "11987654321")) for number in range(1, 31)]
    with django_assert_max_num_queries(12):
        assert len(preview.of([item.pk for item in items])) == 30
