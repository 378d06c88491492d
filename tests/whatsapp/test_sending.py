"""From a due delivery to Z-API: checks before, holding while disconnected, what is written after."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.engine import attempt, lane, recovery, transitions
from events.engine.lane_hooks import prefetched
from events.flow import Flow, find_step
from events.intake import envelope, ingestion
from events.models import Attempt, CircuitBreaker, DeadLetter, Delivery, Event
from tests.whatsapp.conftest import cancel, drain, message_of, until
from whatsapp import connection, contacts, lane_hooks, policy
from whatsapp.models import Connection, Contact, Received, SentMessage

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "5511987654321"


@pytest.fixture
def here(zapi, quick, transactional_db):
    from events.models import CircuitBreaker

    CircuitBreaker.objects.get_or_create(service="whatsapp")
    return zapi


def delivery_of(event):
    return event.deliveries.get(service="whatsapp")


def people(zapi):
    return zapi.zapi_truth()["people"]


def test_number_is_checked_once_before_the_first_message_and_kept(here):
    here.zapi_wait()
    cancel(1, phone="5551987650002")
    drain()
    cancel(2, phone="5551987650002")
    drain()
    asked = [call for call in here.calls("zapi") if "phone-exists" in call["path"]]
    contact = Contact.objects.get()
    here.zapi_wait()
    assert len(asked) == 1
    assert (contact.registered_phone, contact.lid) == ("555187650002", "100000000000002@lid")
    assert len(people(here)["555187650002"]) == 2


@pytest.mark.parametrize(
    ("phone", "code", "words"),
    [("5511987650004", "no_whatsapp", "não tem WhatsApp"), ("551144440000", "landline", "telefone é fixo")],
)
def test_number_without_whatsapp_fails_with_a_clear_reason_and_nothing_is_sent(here, phone, code, words):
    here.load({"zapi": {"numbers": {"551187650004": {"phone": None}}}})
    event = cancel(1, phone=phone)
    drain()
    message = message_of(event)
    assert (message.status, message.failure) == ("failed", code)
    assert words in message.reason
    assert not any("send-text" in call["path"] for call in here.calls("zapi"))


def test_nobody_is_written_to_without_a_number_and_the_others_are(here):
    body = {
        "type": "feedback.received",
        "id": "rating-1",
        "data": {"service_id": 1, "client_id": 77, "rating": 5},
    }
    nobody = accept(body, source="operacao")
    somebody = cancel(1, phone=PHONE)
    drain()
    assert (message_of(nobody).status, message_of(nobody).failure) == ("failed", "no_phone")
    assert DeadLetter.objects.get().reason == "Failed to send message in WhatsApp: No phone number is known"
    assert message_of(somebody).status == "accepted"


def test_step_that_breaks_fails_alone(here, monkeypatch):
    def breaks(event):
        raise KeyError("greeting")

    step = find_step("payment.received", "tell_client")
    monkeypatch.setitem(Flow.registry["payment.received"].steps, step.name, replace(step, run=breaks))
    broken, well = paid(1), cancel(2, phone=PHONE)
    drain()
    assert DeadLetter.objects.get().event_id == broken.pk
    assert Attempt.objects.get(delivery__event=broken).outcome == "broken"
    assert message_of(well).status == "accepted"


def test_person_known_by_a_lid_is_written_to_there_when_the_number_has_no_whatsapp(here):
    here.load({"zapi": {"numbers": {"551187650004": {"phone": None}}}})
    lid = "100000000000009@lid"
    contacts.find_or_make(contacts.identity("5511987650004", lid))
    first, second = cancel(1, phone="5511987650004"), cancel(2, phone="5511987650004")
    drain()
    to = [call["body"]["phone"] for call in here.calls("zapi") if "send-text" in call["path"]]
    assert to == [lid, lid]
    assert {message_of(event).status for event in (first, second)} == {"accepted"}


def test_eight_messages_to_known_people_take_eight_statements(here):
    for number in range(1, 9):
        phone = f"551198765100{number}"
        contacts.find_or_make(contacts.identity(phone))
        cancel(number, phone=phone)
    with CaptureQueriesContext(connections["default"]) as ran:
        claimed = prefetched(lane_hooks.WhatsAppLane(), transitions.claim("whatsapp", 8))
        lane.write([attempt.finish(claim, {"message_id": f"M{claim.id}"}) for claim in claimed])
    assert SentMessage.objects.filter(status="accepted").count() == 8
    # claim, texts and contacts, what is about to be sent; begin, ends, status of events, messages, commit
    assert len(ran) == 8, [query["sql"] for query in ran]


def test_landline_with_whatsapp_receives_its_message(here):
    event = cancel(1, phone="551133330003")
    drain()
    assert message_of(event).status == "accepted"


def test_whoever_asked_for_no_messages_gets_no_courtesy_and_still_what_matters(here):
    contacts.find_or_make(contacts.identity(PHONE))
    Contact.objects.update(opted_out_at=timezone.now())
    matters = cancel(1, phone=PHONE)
    courtesy = paid(2)
    drain()
    assert message_of(matters).status == "accepted"
    assert (delivery_of(courtesy).status, delivery_of(courtesy).skip_cause) == ("skipped", "unwanted")
    assert message_of(courtesy).status == "cancelled"


def accept(body, *, source):
    return Event.objects.get(pk=ingestion.accept([envelope.read(body, source=source)])[0].event_id)


def paid(number):
    data = {
        "payment_id": number, "invoice_id": number, "client_id": number, "client_phone": PHONE,
        "amount": "180.00", "paid_at": "2026-01-23T10:00:00-03:00",
    }  # fmt: skip
    body = {"type": "payment.received", "id": f"paid-{number}", "data": data}
    return accept(body, source="financeiro")


def test_courtesy_waits_for_the_morning_without_spending_an_attempt(here, settings):
    hour = timezone.localtime().hour
    settings.WHATSAPP_QUIET_HOURS = f"{hour}-{(hour + 2) % 24}"
    waits, goes = paid(1), cancel(2, phone=PHONE)
    drain()
    delivery = delivery_of(waits)
    assert (delivery.status, delivery.attempts) == ("queued", 0)
    assert delivery.due_at > timezone.now() + timedelta(minutes=50)
    assert message_of(goes).status == "accepted"


def test_disconnected_lane_holds_everything_unspent_and_the_breaker_stays_closed(here):
    CircuitBreaker.objects.get_or_create(service="whatsapp")
    connection._set(False, timezone.now())
    event = cancel(1, phone=PHONE)
    assert lane.drain("whatsapp", seconds=60, linger=1) == 0
    delivery = delivery_of(event)
    assert (delivery.status, delivery.attempts, message_of(event).status) == ("queued", 0, "held")
    assert CircuitBreaker.objects.get(service="whatsapp").state == "closed"
    assert not here.calls("zapi")


def is_held(event):
    return message_of(event).status == "held"


def test_after_a_reconnect_what_is_useful_goes_paced_and_the_rest_says_that_it_did_not(here, monkeypatch):
    monkeypatch.setattr(lane_hooks, "PACE_SECONDS", (1.0, 1.1))
    CircuitBreaker.objects.get_or_create(service="whatsapp")
    connection._set(False, timezone.now())
    events = [cancel(number, phone=f"551198765400{number}") for number in range(1, 5)]
    for event in events:
        until(lambda event=event: not lane.drain("whatsapp", seconds=1, linger=0.2) and is_held(event))
    Delivery.objects.filter(event=events[0]).update(useful_until=timezone.now())
    connection._set(True, timezone.now())
    recovery.recover_all()
    drain()
    starts = sorted(Attempt.objects.filter(delivery__service="whatsapp").values_list("started_at", flat=True))
    assert [message_of(event).status for event in events] == ["expired", "accepted", "accepted", "accepted"]
    assert all(later - earlier > timedelta(seconds=0.25) for earlier, later in itertools.pairwise(starts))


def owed(number, *, phone):
    data = {
        "payment_id": number, "invoice_id": number, "client_id": number, "client_phone": phone,
        "amount": "180.00", "reason": "Sem saldo",
    }  # fmt: skip
    return accept({"type": "payment.failed", "id": f"owed-{number}", "data": data}, source="financeiro")


def test_daily_limit_keeps_more_new_people_for_tomorrow(here, settings):
    settings.WHATSAPP_DAILY_LIMIT = 2
    events = [owed(number, phone=f"551198765400{number}") for number in range(1, 5)]
    drain()
    assert [message_of(event).status for event in events] == ["accepted", "accepted", "queued", "queued"]
    tomorrow = delivery_of(events[3])
    assert (tomorrow.due_at, tomorrow.attempts) == (policy.next_day(timezone.now()), 0)


def test_message_of_no_use_tomorrow_is_for_a_person_where_the_limit_is_full_and_an_urgent_one_goes(
    here, settings
):
    settings.WHATSAPP_DAILY_LIMIT = 1
    goes = owed(1, phone="5511987654001")
    late, urgent = owed(2, phone="5511987654002"), cancel(3, phone="5511987654003")
    Delivery.objects.filter(event=late).update(useful_until=policy.next_day(timezone.now()))
    drain()
    assert [message_of(event).status for event in (goes, late, urgent)] == ["accepted", "failed", "accepted"]
    assert message_of(late).failure == "daily_limit"
    assert DeadLetter.objects.get().cause == "daily_limit"


def test_daily_limit_counts_nobody_who_knows_us(here, settings):
    settings.WHATSAPP_DAILY_LIMIT = 1
    wrote_to_us = contacts.find_or_make(contacts.identity("5511987654001"))
    Received.objects.create(contact=wrote_to_us, message_id="A", kind="text", received_at=timezone.now())
    written_before = message_of(cancel(1, phone="5511987654002"))
    drain()
    SentMessage.objects.filter(pk=written_before.pk).update(accepted_at=timezone.now() - timedelta(days=1))
    known = [owed(number, phone=f"551198765400{1 + number % 2}") for number in range(2, 8)]
    strangers = [owed(number, phone=f"55119876540{number}") for number in (11, 12)]
    again = owed(20, phone="5511987654011")
    drain()
    assert {message_of(event).status for event in [*known, again]} == {"accepted"}
    assert [message_of(event).status for event in strangers] == ["accepted", "queued"]


def test_refusal_of_our_configuration_is_an_alert_until_a_message_gets_through(here, settings):
    settings.ZAPI = settings.ZAPI | {"client_token": "wrong"}
    event = cancel(1, phone=PHONE)
    contact = contacts.find_or_make(contacts.identity(PHONE))
    contacts.save_number_check(contact.pk, exists=True, registered=PHONE, lid="")
    drain()
    assert message_of(event).failure == "configuration"
    assert Connection.load().misconfigured_at is not None
    settings.ZAPI = settings.ZAPI | {"client_token": "simulator"}
    cancel(2, phone=PHONE)
    drain()
    assert Connection.load().misconfigured_at is None


def test_crash_in_the_middle_is_looked_for_before_anything_is_repeated(here, settings):
    """The worker died after Z-API had the message: its queue still shows it."""
    here.zapi_disconnect()
    event = cancel(1, phone=PHONE)
    drain()
    delivery = delivery_of(event)
    ids = message_of(event).message_id
    Delivery.objects.filter(pk=delivery.pk).update(
        status="running",
        due_at=None,
        leased_until=timezone.now() - timedelta(seconds=1),
        finished_at=None,
        result=None,
    )
    SentMessage.objects.update(message_id=None, status="queued", accepted_at=None)
    recovery.recover_all()
    assert delivery_of(event).in_doubt_since is not None
    drain()
    assert (delivery_of(event).status, message_of(event).message_id) == ("done", ids)
    assert sum("send-text" in call["path"] for call in here.calls("zapi")) == 1


def test_failure_in_z_apis_own_words_is_tried_again_though_nothing_calls_back(here):
    here.fault("zapi", status=503, body={"error": "Instance is busy"}, path="send-text", times=1)
    event = cancel(1, phone=PHONE)
    drain()
    outcomes = Attempt.objects.filter(delivery__event=event, delivery__service="whatsapp").order_by("pk")
    assert list(outcomes.values_list("outcome", flat=True)) == ["unavailable", "done"]
    assert message_of(event).status == "accepted"


def test_queue_that_cannot_be_read_keeps_nothing_in_doubt_for_ever(here, settings):
    settings.WHATSAPP_TRACE_SECONDS = 0.5
    contact = contacts.find_or_make(contacts.identity(PHONE))
    contacts.save_number_check(contact.pk, exists=True, registered=PHONE, lid="")
    here.fault("zapi", garbage="html")
    event = cancel(1, phone=PHONE)
    drain()
    assert DeadLetter.objects.get(event=event).cause == "unknown_outcome"
    assert message_of(event).failure == "in_doubt"


def test_what_nobody_can_tell_goes_to_a_person(here, settings):
    settings.WHATSAPP_TRACE_SECONDS = 0
    here.fault("zapi", drop_before=True, path="send-text", times=1)
    event = cancel(1, phone=PHONE)
    drain()
    letter = DeadLetter.objects.get(event=event)
    assert letter.cause == "unknown_outcome"
    assert message_of(event).failure == "in_doubt"
    assert "antes de reenviar" in message_of(event).reason


def test_late_status_call_that_fails_says_nothing_about_the_session(here):
    connection.check()
    assert connection.health().status == "connected"
    here.fault("zapi", status=500)
    connection.check()
    here.heal("zapi")
    assert connection.health().status == "connected"
    assert Connection.load().check_failed_at is not None
