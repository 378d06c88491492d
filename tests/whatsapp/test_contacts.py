"""One person is one contact, however WhatsApp names them."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from whatsapp import contacts
from whatsapp.contacts import Identity, identity
from whatsapp.models import Contact, KeptOptOut, Received, SentMessage

pytestmark = pytest.mark.django_db
LID, OTHER_LID = "100000000000001@lid", "100000000000002@lid"
PHONE, SHORT = "5551987650002", "555187650002"
EARLIER, LATER = (datetime(2026, 1, day, 12, tzinfo=UTC) for day in (22, 23))


def test_both_forms_of_a_mobile_are_one_person():
    first = contacts.find_or_make(identity(SHORT))
    second = contacts.find_or_make(identity(PHONE))
    assert first.pk == second.pk
    assert (second.phone, second.typed_phone) == (PHONE, SHORT)


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
    assert (first.pk, second.phone, second.typed_phone) == (second.pk, PHONE, PHONE)
    assert contacts.find_or_make(identity(SHORT)).typed_phone == PHONE


def test_lid_and_number_that_meet_merge_with_everything_they_have():
    by_lid, by_number = (
        contacts.find_or_make(identity(LID)),
        contacts.find_or_make(identity(PHONE, name="Rui")),
    )
    for contact, message_id in ((by_lid, "M0"), (by_number, "M1"), (by_lid, "both"), (by_number, "both")):
        Received.objects.create(
            contact=contact, message_id=message_id, kind="text", received_at="2026-01-23T10:00:00-03:00"
        )
    Contact.objects.filter(pk=by_number.pk).update(opted_out_at=EARLIER, has_whatsapp=True, checked_at=LATER)
    together = contacts.find_or_make(identity(LID, SHORT))
    assert Contact.objects.get() == together
    assert (together.lid, together.phone, together.name) == (LID, PHONE, "Rui")
    assert (together.opted_out_at, together.has_whatsapp, together.checked_at) == (EARLIER, True, LATER)
    assert sorted(together.received.values_list("message_id", flat=True)) == ["M0", "M1", "both"]


@pytest.mark.parametrize(("of_lid", "of_number"), [(EARLIER, LATER), (LATER, EARLIER)])
def test_earlier_of_two_wishes_holds_for_the_person_who_has_both(of_lid, of_number):
    contacts.opt_out(contacts.find_or_make(identity(LID)), of_lid)
    contacts.opt_out(contacts.find_or_make(identity(PHONE)), of_number)
    assert contacts.find_or_make(identity(LID, PHONE)).opted_out_at == EARLIER


def test_wish_is_that_of_one_person_and_the_first_one_stands():
    other = contacts.find_or_make(identity(OTHER_LID))
    contacts.opt_out(contacts.find_or_make(identity(LID)), EARLIER)
    contacts.opt_out(contacts.find_or_make(identity(LID)), LATER)
    other.refresh_from_db()
    assert (contacts.find(identity(LID)).opted_out_at, other.opted_out_at) == (EARLIER, None)


def test_wish_of_an_erased_person_holds_when_they_are_met_again_and_for_nobody_else():
    contacts.opt_out(contacts.find_or_make(identity(LID, PHONE)), EARLIER)
    asked, other = contacts.find(identity(LID)), contacts.find_or_make(identity(OTHER_LID))
    for _ in range(2):  # once is as good as twice
        contacts.keep_opt_outs([asked, other])
    assert KeptOptOut.objects.count() == 2
    Contact.objects.all().delete()
    [again] = contacts.find_all([identity(SHORT)], []).values()
    assert again.opted_out_at == EARLIER
    assert contacts.find_or_make(identity(OTHER_LID)).opted_out_at is None
    assert KeptOptOut.objects.count() == 1  # by the lid, which nobody was seen with yet
    Contact.objects.filter(pk=again.pk).update(opted_out_at=LATER)
    assert contacts.find_or_make(identity(LID, PHONE)).opted_out_at == EARLIER
    assert not KeptOptOut.objects.exists()


def test_number_that_changed_hands_leaves_the_former_person():
    former = contacts.find_or_make(identity(LID, PHONE))
    Contact.objects.update(registered_phone=SHORT, checked_at=EARLIER)
    newcomer = contacts.find_or_make(identity(OTHER_LID, PHONE))
    former.refresh_from_db()
    assert newcomer.pk != former.pk
    assert (former.key, newcomer.phone) == (None, PHONE)
    assert (former.phone, former.registered_phone, former.checked_at) == ("", "", None)


def test_nothing_is_known_of_a_number_to_which_a_person_moved():
    contacts.find_or_make(identity(LID, PHONE))
    Contact.objects.update(registered_phone=SHORT, has_whatsapp=False, checked_at=EARLIER)
    moved = contacts.find_or_make(identity(LID, "5511987650001"))
    assert (moved.phone, moved.registered_phone) == ("5511987650001", "")
    assert (moved.has_whatsapp, moved.checked_at) == (None, None)


def test_who_writes_to_us_has_whatsapp_whatever_was_answered_before():
    contact = contacts.find_or_make(identity(PHONE))
    other = contacts.find_or_make(identity(LID))
    contacts.save_number_check(contact.pk, exists=False, registered=SHORT, lid="")
    contact.refresh_from_db()
    assert (contact.has_whatsapp, contact.registered_phone) == (False, "")
    contacts.confirm_number(contact, identity(LID))  # says nothing of the number
    contacts.confirm_number(contact, identity(f"+{SHORT}"))
    contact.refresh_from_db()
    assert (contact.has_whatsapp, contact.registered_phone) == (True, SHORT)
    contacts.confirm_number(contact, identity(PHONE))
    contact.refresh_from_db()
    other.refresh_from_db()
    assert (contact.registered_phone, other.has_whatsapp) == (SHORT, None)


def test_person_is_found_by_lid_before_number_and_a_stranger_is_not_stored():
    by_lid, by_number = contacts.find_or_make(identity(LID)), contacts.find_or_make(identity(PHONE))
    both, number, stranger = identity(LID, PHONE), identity(PHONE), identity(OTHER_LID, name="Rui")
    assert [contacts.find(who) for who in (both, number, stranger)] == [by_lid, by_number, None]
    found = contacts.or_unsaved([number, stranger], [by_lid, by_number])
    assert found[number] == by_number
    assert (found[stranger].pk, found[stranger].lid, found[stranger].key) == (None, OTHER_LID, None)
    assert Contact.objects.count() == 2


def test_person_who_was_made_since_the_contacts_were_read_is_found():
    made = contacts.find_or_make(identity(PHONE))
    assert contacts.find_all([identity(SHORT)], []) == {identity(SHORT): made}


def test_callback_of_a_stranger_is_found_by_each_key_of_the_contact_they_become():
    by_lid = contacts.find_or_make(identity(LID))
    assert contacts.keys_of(by_lid) == [contacts.person_key(identity(LID, PHONE))] == [LID]
    contact = contacts.find_or_make(identity(LID, PHONE))
    assert contacts.keys_of(contact) == [LID, contacts.person_key(identity(PHONE))]


def test_what_whatsapp_answered_about_a_number_merges_with_the_lid_it_names():
    by_lid, by_number = contacts.find_or_make(identity(LID)), contacts.find_or_make(identity(PHONE))
    contacts.save_number_check(by_number.pk, exists=True, registered=SHORT, lid=LID)
    merged = Contact.objects.get()
    assert by_lid.lid == merged.lid
    assert (merged.address, merged.has_whatsapp) == (SHORT, True)
    assert merged.checked_at is not None


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
    assert identity(address, name=None) == Identity()
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
