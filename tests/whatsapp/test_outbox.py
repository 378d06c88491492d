"""What is written of our messages beside their deliveries."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from events.engine.attempt import Result
from tests.whatsapp.conftest import cancel, message_of
from whatsapp import contacts, outbox
from whatsapp.models import Connection, SentMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]


@pytest.mark.parametrize(
    ("status_code", "is_ours"),
    [(401, True), (403, True), (405, True), (415, True), (404, False), (422, False)],
)
def test_answer_that_refuses_the_hub_itself_is_about_its_configuration(status_code, is_ours):
    message = message_of(cancel(1, phone="5511987650001"))
    said = "Failed to send message in WhatsApp: No"
    claim = SimpleNamespace(id=message.delivery_id)
    outbox.write_outcomes(
        [Result(claim, "dead", "rejected", error=said, kind="rejected", status_code=status_code)]
    )
    message.refresh_from_db()
    assert message.error == "No"
    assert (Connection.load().misconfigured_at is not None) is is_ours


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
