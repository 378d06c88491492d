"""What is written of our messages beside their deliveries."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from events.engine.attempt import Result
from events.models import Delivery
from tests.whatsapp.conftest import cancel, message_of
from whatsapp import contacts, outbox
from whatsapp.messages import Message
from whatsapp.models import Connection, SentMessage, Template

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]


@pytest.mark.parametrize(
    ("status_code", "is_ours"),
    [(401, True), (403, True), (405, True), (415, True), (404, False), (422, False)],
)
def test_answer_that_refuses_the_hub_itself_is_about_its_configuration(status_code, is_ours):
    message = message_of(cancel(1, phone="5511987650001"))
    said = "Failed to send message in WhatsApp: No"
    claim = SimpleNamespace(id=message.delivery_id)
    outbox.write_outcomes([Result(claim, "dead", "rejected", error=said, status_code=status_code)])
    message.refresh_from_db()
    assert message.error == "No"
    assert (Connection.load().misconfigured_at is not None) is is_ours


def test_text_that_speaks_of_the_configuration_is_about_it_whatever_its_code():
    message = message_of(cancel(1, phone="5511987650001"))
    claim = SimpleNamespace(id=message.delivery_id)
    said = "Failed to send message in WhatsApp: your client-token is not configured"
    outbox.write_outcomes([Result(claim, "dead", "rejected", error=said, status_code=400)])
    message.refresh_from_db()
    assert message.failure == "configuration"
    assert Connection.load().misconfigured_at is not None


@pytest.mark.parametrize("status", ["queued", "dead"])
def test_what_was_found_out_about_a_number_is_kept_whatever_the_end(status):
    message = message_of(cancel(1, phone="5511987650001"))
    contact = contacts.find_or_make(contacts.identity(message.phone))
    found = {"contact_id": contact.pk, "exists": True, "registered": "551187650001", "lid": ""}
    claim = SimpleNamespace(id=message.delivery_id)
    outbox.write_outcomes([Result(claim, status, findings=found), Result(claim, status)])
    contact.refresh_from_db()
    assert (contact.has_whatsapp, contact.registered_phone) == (True, "551187650001")


def test_person_is_known_by_lid_or_by_number():
    by_number = contacts.find_or_make(contacts.identity("5511987650001"))
    by_lid = contacts.find_or_make(contacts.identity("100000000000002@lid"))
    contacts.find_or_make(contacts.identity("5511987650003", "100000000000003@lid"))
    asked = [contacts.identity("5511987650001"), contacts.identity("100000000000002@lid")]
    _texts, found = outbox.known(asked)
    assert {contact.pk for contact in found} == {by_number.pk, by_lid.pk}


def accepted(message):
    claim = SimpleNamespace(id=message.delivery_id)
    outbox.write_outcomes([Result(claim, "done", "done", value={"message_id": "3EB0A", "zaap_id": "Z1"})])
    message.refresh_from_db()
    return message


@pytest.mark.parametrize(
    ("before", "after"),
    [("queued", "accepted"), ("held", "accepted")]
    + [(status, status) for status in ("accepted", "sent", "failed", "delivered", "read", "played")],
)
def test_acceptance_takes_back_nothing_of_how_far_a_message_got(before, after):
    message = message_of(cancel(1, phone="5511987650001"))
    SentMessage.objects.filter(pk=message.pk).update(status=before)
    assert (accepted(message).status, message.message_id, message.zaap_id) == (after, "3EB0A", "Z1")


@pytest.mark.parametrize("earlier", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_first_time_that_a_message_was_accepted_counts(earlier):
    message = message_of(cancel(1, phone="5511987650001"))
    known = timezone.now() - earlier
    SentMessage.objects.filter(pk=message.pk).update(accepted_at=known)
    began = timezone.now()
    at = accepted(message).accepted_at
    assert at == known if earlier > timedelta() else began <= at < known


def outgoing_to(message, text, *, in_doubt_since=None):
    claim = SimpleNamespace(id=message.delivery_id, in_doubt_since=in_doubt_since)
    who = contacts.identity(message.phone)
    outgoing = outbox.Outgoing(claim, Message("visit_soon", to=message.phone), who, text)
    outgoing.contact = contacts.find_or_make(who)
    return outgoing


def test_what_is_about_to_be_sent_is_written_down_before(django_assert_num_queries):
    message = message_of(cancel(1, phone="5511987650001"))
    outgoing = outgoing_to(message, "Olá")
    outbox.begin([outgoing])
    message.refresh_from_db()
    assert (message.text, message.name, message.contact) == ("Olá", "visit_soon", outgoing.contact)
    assert (message.phone, message.first_tried_at is not None) == (outgoing.contact.address, True)
    with django_assert_num_queries(0):
        outbox.begin([])


@pytest.mark.parametrize("is_in_doubt", [True, False])
def test_what_was_perhaps_sent_keeps_its_text_and_all_keep_when_it_was_tried_first(is_in_doubt):
    message = message_of(cancel(1, phone="5511987650001"))
    outbox.begin([outgoing_to(message, "Olá")])
    message.refresh_from_db()
    first_tried_at = message.first_tried_at
    again = outgoing_to(message, "Bom dia", in_doubt_since=first_tried_at if is_in_doubt else None)
    outbox.begin([again])
    message.refresh_from_db()
    assert message.text == again.text == ("Olá" if is_in_doubt else "Bom dia")
    assert message.first_tried_at == first_tried_at


def test_only_what_is_due_and_waits_to_go_out_is_held():
    due, later, sent = (message_of(cancel(number, phone=f"551198765000{number}")) for number in (1, 2, 3))
    deliveries = Delivery.objects.filter(service="whatsapp")
    deliveries.filter(pk=later.delivery_id).update(due_at=timezone.now() + timedelta(hours=1))
    SentMessage.objects.filter(pk=sent.pk).update(status="sent")
    outbox.hold()
    statuses = dict(SentMessage.objects.values_list("pk", "status"))
    assert statuses == {due.pk: "held", later.pk: "queued", sent.pk: "sent"}


@pytest.mark.parametrize(
    ("status", "delivery", "is_held"),
    [
        ("held", "queued", True),
        ("held", "running", True),
        ("held", "done", False),
        ("queued", "queued", False),
    ],
)
def test_message_is_held_while_it_is_still_to_go_out(status, delivery, is_held):
    message = message_of(cancel(1, phone="5511987650001"))
    now = timezone.now()
    Delivery.objects.filter(pk=message.delivery_id).update(
        status=delivery,
        due_at=now if delivery == "queued" else None,
        leased_until=now if delivery == "running" else None,
    )
    SentMessage.objects.filter(pk=message.pk).update(status=status)
    assert outbox.has_held() is is_held


def test_texts_of_the_console_are_known_whoever_is_asked_for():
    assert outbox.known([]) == ({}, [])
    Template.objects.create(name="client_welcome", text="Olá!")
    assert outbox.known([contacts.identity("5511987650001")]) == ({"client_welcome": "Olá!"}, [])


@pytest.mark.parametrize(
    ("status", "value"),
    [("queued", None), ("done", None), ("done", {}), ("skipped", {"message_id": "3EB0A"})],
)
def test_end_that_is_no_failure_and_no_acceptance_changes_no_message(status, value):
    message = message_of(cancel(1, phone="5511987650001"))
    claim = SimpleNamespace(id=message.delivery_id)
    outbox.write_outcomes([Result(claim, status, status, value=value, error="No answer")])
    message.refresh_from_db()
    assert (message.message_id, message.failure, message.error) == (None, "", "")


def test_failure_whose_end_nobody_saw_is_one_in_doubt():
    message = message_of(cancel(1, phone="5511987650001"))
    claim = SimpleNamespace(id=message.delivery_id)
    outbox.write_outcomes([Result(claim, "dead", "unknown", error="Timed out")])
    message.refresh_from_db()
    assert (message.failure, message.error) == ("in_doubt", "Timed out")
