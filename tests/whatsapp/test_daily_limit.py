"""Who counts as a new person of a day, and who of them is one too many."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.whatsapp.conftest import cancel, message_of
from whatsapp import contacts, policy
from whatsapp.models import Contact, Received, SentMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
NOW = timezone.now()
MIDNIGHT = policy._midnight(NOW)
TODAY, YESTERDAY = MIDNIGHT, MIDNIGHT - timedelta(seconds=1)


@pytest.fixture(autouse=True)
def one_a_day(settings):
    settings.WHATSAPP_DAILY_LIMIT = 1


def person(number: int) -> Contact:
    return contacts.find_or_make(contacts.identity(f"551198765400{number}"))


def written_to(contact: Contact, *, at=None, status="done") -> None:
    """A message to them, which Z-API took at this moment or which is on its way."""
    message = message_of(cancel(contact.pk, phone=contact.phone))
    SentMessage.objects.filter(pk=message.pk).update(contact=contact, accepted_at=at)
    lease = timezone.now() if status == "running" else None
    type(message.delivery).objects.filter(pk=message.delivery_id).update(
        status=status, due_at=None, leased_until=lease
    )


def wrote(contact: Contact, *, at) -> None:
    Received.objects.create(contact=contact, message_id="A", kind="text", received_at=at)


def is_one_too_many(*people: Contact) -> list[bool]:
    return policy.over_limit(people, NOW)


def test_first_strangers_of_a_batch_are_admitted_and_each_counts_once(settings):
    settings.WHATSAPP_DAILY_LIMIT = 2
    ana, bia, caio = person(1), Contact(key="5511987654009"), Contact(lid="3@lid")
    assert is_one_too_many(ana, bia, ana, caio, bia) == [False, False, False, True, False]


def test_two_strangers_of_whom_only_lids_are_known_are_two():
    assert is_one_too_many(Contact(lid="1@lid"), Contact(lid="2@lid")) == [False, True]


def test_whoever_was_met_today_takes_the_place_of_others_and_stays_admitted():
    met, new = person(1), person(2)
    written_to(met, at=TODAY)
    assert is_one_too_many(met, new) == [False, True]
    assert is_one_too_many(new) == [True]


def test_message_on_its_way_takes_the_place_of_others_but_not_of_its_own_batch():
    under_way, new = person(1), person(2)
    written_to(under_way, status="running")
    assert is_one_too_many(new) == [True]
    assert is_one_too_many(under_way, new) == [False, True]
    assert is_one_too_many(new, under_way) == [False, True]


def test_message_that_waits_takes_nobodys_place():
    waiting, new = person(1), person(2)
    written_to(waiting, status="done")
    assert is_one_too_many(new) == [False]


@pytest.mark.parametrize("known_by", ["our message of yesterday", "their message before ours"])
def test_whoever_knows_us_is_no_stranger_and_takes_no_place(known_by):
    known, new = person(1), person(2)
    if known_by == "our message of yesterday":
        written_to(known, at=YESTERDAY)
    else:
        wrote(known, at=TODAY)
        written_to(known, at=TODAY + timedelta(seconds=1))
    assert is_one_too_many(known, new) == [False, False]


def test_whoever_wrote_first_is_no_stranger_because_we_wrote_to_others_before():
    known, new = person(1), person(2)
    written_to(person(3), at=YESTERDAY)
    wrote(known, at=TODAY)
    assert is_one_too_many(known, new) == [False, False]


def test_whoever_only_answered_us_today_is_still_a_new_person():
    met, new = person(1), person(2)
    written_to(met, at=TODAY)
    wrote(met, at=TODAY + timedelta(seconds=1))
    assert is_one_too_many(new) == [True]
