"""One person is one contact, however WhatsApp names them."""

import threading

import pytest
from django.db import connection

from whatsapp import contacts
from whatsapp.contacts import Identity, identity
from whatsapp.models import Contact, Received, SentMessage

pytestmark = pytest.mark.django_db
LID, OTHER_LID = "100000000000001@lid", "100000000000002@lid"
PHONE, SHORT = "5551987650002", "555187650002"


def test_both_forms_of_a_mobile_are_one_person():
    first = contacts.find_or_make(identity(SHORT))
    second = contacts.find_or_make(identity(PHONE))
    assert first.pk == second.pk
    assert second.phone == PHONE


def test_landline_and_mobile_with_the_same_end_are_two_people():
    assert (
        contacts.find_or_make(identity("551133330003")).pk
        != contacts.find_or_make(identity("5511933330003")).pk
    )


def test_lid_alone_is_a_person():
    contact = contacts.find_or_make(identity(LID, name="Rui"))
    assert (contact.lid, contact.key, contact.address, contact.name) == (LID, None, LID, "Rui")


def test_number_that_appears_later_completes_the_person_known_by_lid():
    first = contacts.find_or_make(identity(LID))
    second = contacts.find_or_make(identity(LID, PHONE))
    assert (first.pk, second.phone) == (second.pk, PHONE)


def test_lid_and_number_that_meet_merge_with_everything_they_have():
    by_lid, by_number = (
        contacts.find_or_make(identity(LID)),
        contacts.find_or_make(identity(PHONE, name="Rui")),
    )
    for number, contact in enumerate((by_lid, by_number)):
        Received.objects.create(
            contact=contact, message_id=f"M{number}", kind="text", received_at="2026-01-23T10:00:00-03:00"
        )
    Contact.objects.filter(pk=by_number.pk).update(opted_out_at="2026-01-23T10:00:00-03:00")
    together = contacts.find_or_make(identity(LID, SHORT))
    assert Contact.objects.get() == together
    assert (together.lid, together.phone, together.name) == (LID, PHONE, "Rui")
    assert together.opted_out_at is not None
    assert together.received.count() == 2


def test_number_that_changed_hands_leaves_the_former_person():
    former = contacts.find_or_make(identity(LID, PHONE))
    newcomer = contacts.find_or_make(identity(OTHER_LID, PHONE))
    former.refresh_from_db()
    assert newcomer.pk != former.pk
    assert (former.key, newcomer.phone) == (None, PHONE)


def test_what_whatsapp_answered_about_a_number_merges_with_the_lid_it_names():
    by_lid, by_number = contacts.find_or_make(identity(LID)), contacts.find_or_make(identity(PHONE))
    contacts.save_number_check(by_number.pk, exists=True, registered=SHORT, lid=LID)
    merged = Contact.objects.get()
    assert by_lid.lid == merged.lid
    assert (merged.address, merged.has_whatsapp) == (SHORT, True)


def test_strangers_of_a_batch_are_made_together(django_assert_max_num_queries):
    people = [identity(f"55119876500{number:02d}") for number in range(20)] + [identity(LID), identity(SHORT)]
    known = contacts.find_or_make(identity(PHONE, name="Rui"))
    with django_assert_max_num_queries(7):  # two of them are the savepoint's
        found = contacts.find_all(people, list(contacts.matching(*people)))
    assert len({contact.pk for contact in found.values()}) == 22
    assert found[identity(SHORT)] == known


def test_answers_about_several_numbers_are_kept_together_and_merge_where_a_lid_is_known():
    by_lid, *by_number = (contacts.find_or_make(identity(who)) for who in (LID, PHONE, "5511987650001"))
    lids = dict(zip((contact.pk for contact in by_number), (LID, OTHER_LID), strict=True))
    contacts.save_number_checks(
        [
            {"contact_id": id, "exists": True, "registered": SHORT if lid == LID else "", "lid": lid}
            for id, lid in lids.items()
        ]
    )
    assert dict(Contact.objects.values_list("pk", "lid")) == lids
    assert not Contact.objects.filter(pk=by_lid.pk).exists()
    assert set(Contact.objects.values_list("has_whatsapp", flat=True)) == {True}


@pytest.mark.parametrize("address", ["120363019502650977-group", "1203@newsletter", "", None, "texto"])
def test_what_is_no_person_says_nothing(address):
    assert not identity(address).is_known


def test_name_that_is_only_a_number_is_no_name_and_foreign_numbers_are_kept():
    assert identity("351912345678") == Identity(phone="+351912345678", typed="351912345678")


@pytest.mark.parametrize("number", ["5215512345678", "5492211234567", "6834123", "550012345678"])
def test_number_that_no_plan_knows_is_kept_as_whatsapp_has_it(number):
    contact = contacts.find_or_make(identity(LID, number))
    assert contacts.find_or_make(identity(number)) == contact
    assert contacts.find_or_make(identity(contact.phone)) == contact
    assert contact.phone.removeprefix("+") == number


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [(LID, PHONE), (PHONE,), (LID,)])
def test_two_first_messages_at_once_make_one_person(first):
    def meet(*addresses):
        try:
            contacts.find_or_make(identity(*addresses))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=meet, args=who) for who in [first, (LID, SHORT), first, (LID, PHONE)] * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Contact.objects.count() == 1
    assert not SentMessage.objects.exists()
