"""What WhatsApp still says of a message after its person was erased brings nobody back."""

import json

import pytest
from django.utils import timezone

from events.models import DeadLetter, Delivery, Event
from monitoring import erasure, person_keys
from tests.whatsapp.conftest import cancel, message_of
from tests.whatsapp.inbox_client import OURS, call, later, sample
from whatsapp import contacts
from whatsapp.models import Callback, Contact, Received, SentMessage

pytestmark = pytest.mark.django_db

PHONE, LID = "5511987650001", "100000000000001@lid"
NOT_HERS = {"messageId": "3A9", "ids": ["3A9"]}  # written by the team on the phone, not sent by the hub


@pytest.fixture(autouse=True)
def ours(settings):
    settings.ZAPI = settings.ZAPI | {
        "instance": "simulator",
        "token": "simulator",
        "webhook_secret": "segredo-de-teste",
    }


@pytest.fixture
def erased():
    """Our message to her, which Z-API had taken when she was erased."""
    event = cancel(1, phone=PHONE)
    Delivery.objects.filter(event=event).update(status="done", due_at=None, finished_at=timezone.now())
    contact = contacts.find_or_make(contacts.identity(LID, PHONE, name="Maria"))
    SentMessage.objects.update(contact=contact, message_id=OURS, status="accepted", phone=PHONE)
    Received.objects.create(contact=contact, message_id="R1", kind="text", received_at=timezone.now())
    return erase(event)


def erase(event):
    erasure.request(person_keys.of_event(event), actor="user:ana")
    erasure.advance()
    assert not Contact.objects.exclude(phone="").exists()
    return event


def kept_of_her():
    rows = Callback.objects.values_list("key", "body", "person")
    said = json.dumps([*rows, *Event.objects.values_list("key", "data", "phone")])
    return [trace for trace in (PHONE, LID, "Maria", "Olá") if trace in said]


@pytest.mark.parametrize(
    ("name", "status"),
    [("delivery", "sent"), ("status_read", "read"), ("own_echo", "accepted"), ("delivery_failed", "failed")],
)
def test_late_word_of_an_old_message_is_kept_without_whom_it_was_to(erased, name, status):
    (callback,) = call(sample(name))
    assert callback.message_ids[0] == OURS
    assert callback.status in ("done", "ignored")
    assert kept_of_her() == []
    assert (Contact.objects.count(), message_of(erased).status) == (1, status)
    assert not DeadLetter.objects.exists()
    assert not Event.objects.filter(type="whatsapp.status").exists()


def test_deletion_of_a_message_that_was_erased_makes_no_new_person(erased):
    call(sample("notice_revoke", messageId="R1", phone=PHONE, chatLid=LID, senderLid=LID))
    assert kept_of_her() == []
    assert (Contact.objects.count(), Received.objects.count()) == (1, 1)


def test_message_that_she_writes_afterwards_is_of_somebody_new(erased):
    call(sample("received_text", messageId="R2", phone=PHONE, chatLid=LID, senderLid=LID))
    assert Contact.objects.filter(phone=PHONE).count() == 1
    assert Event.objects.filter(type="whatsapp.inbound").count() == 1


def test_receipt_of_what_the_team_wrote_to_her_is_known_by_the_receipts_before_it():
    event = cancel(1, phone=PHONE)
    Delivery.objects.filter(event=event).update(status="done", due_at=None, finished_at=timezone.now())
    contacts.find_or_make(contacts.identity(PHONE, name="Maria"))
    call(sample("delivery", **NOT_HERS))
    erase(event)
    *_, late = call(sample("status_read", **NOT_HERS))
    assert (late.status, late.cause, kept_of_her()) == ("ignored", "erased", [])


def test_our_reading_of_her_old_message_says_no_more_whose_it_was(erased):
    (callback,) = call(sample("status_read", status="READ_BY_ME", ids=["R1"]))
    assert (callback.cause, kept_of_her()) == ("read_by_us", [])


def test_receipt_that_is_nobodys_in_the_end_says_no_more_whose_it_was():
    call(sample("status_read", **NOT_HERS))
    for _ in range(8):
        later()
    callback = Callback.objects.get()
    assert (callback.cause, callback.person, callback.body.get("phone")) == ("not_ours", "", None)
    assert callback.body["status"] == "READ"
