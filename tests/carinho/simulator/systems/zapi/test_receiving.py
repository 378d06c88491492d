"""What people write, in every kind and place, as it is reported."""

import pytest
import requests

from carinho.simulator.client import SimulatorError
from carinho.simulator.systems.zapi.contents import KINDS, NOTICES

CONTENTS = {name for name, _ in KINDS.values()}


def reported(simulator, listening, *args, **given):
    simulator.zapi_receive(*args, **given)
    assert simulator.zapi_wait()
    return listening.of("ReceivedCallback")[-1]


def test_text_is_reported_with_its_sender(simulator, listening):
    body = reported(simulator, listening, phone="5511987650001", name="Rosa Lima", text="Bom dia")
    assert (body["phone"], body["chatLid"]) == ("5511987650001", "100000000000001@lid")
    assert (body["senderName"], body["text"]) == ("Rosa Lima", {"message": "Bom dia"})
    assert (body["fromMe"], body["isGroup"], body["status"]) == (False, False, "RECEIVED")
    assert body["momment"] > 10**12


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_message_has_exactly_one_content(simulator, listening, kind):
    body = reported(simulator, listening, kind, about="3EB0796DC6B777C0C7CD")
    assert CONTENTS & body.keys() == {KINDS[kind][0]}
    assert body["referenceMessageId"] == "3EB0796DC6B777C0C7CD"
    assert "notification" not in body


@pytest.mark.parametrize("kind", NOTICES)
def test_notice_is_no_message(simulator, listening, kind):
    body = reported(simulator, listening, kind, phone="5511987650001")
    assert body["notification"]
    assert not CONTENTS & body.keys()
    assert ("messageId" in body) is not kind.startswith("profile_")


@pytest.mark.parametrize(
    ("place", "flag", "ending"),
    [
        ("group", "isGroup", "-group"),
        ("newsletter", "isNewsletter", "@newsletter"),
        ("broadcast", "broadcast", "-broadcast"),
        ("status", "isStatusReply", "5511987650001"),
    ],
)
def test_message_from_elsewhere_says_so(simulator, listening, place, flag, ending):
    body = reported(simulator, listening, phone="5511987650001", place=place)
    assert body[flag] is True
    assert body["phone"].endswith(ending)


def test_author_inside_a_group_is_named(simulator, listening):
    body = reported(simulator, listening, phone="5511987650001", place="group")
    assert (body["participantPhone"], body["participantLid"]) == ("5511987650001", "100000000000001@lid")


def test_number_is_reported_as_whatsapp_has_it(simulator, listening):
    assert reported(simulator, listening, phone="5551987650002")["phone"] == "555187650002"


def test_hidden_person_is_known_by_lid_alone(simulator, listening):
    body = reported(simulator, listening, lid="100000000000005@lid")
    assert (body["phone"], body["chatLid"]) == ("100000000000005@lid", "100000000000005@lid")


def test_person_may_be_given_with_both_names(simulator, listening):
    body = reported(simulator, listening, phone="5511987650004", lid="1@lid")
    assert (body["phone"], body["chatLid"]) == ("5511987650004", "1@lid")


def test_number_that_hides_nothing_may_come_as_lid(simulator, listening):
    body = reported(simulator, listening, phone="5511987650001", as_lid=True)
    assert (body["phone"], body["chatLid"]) == ("100000000000001@lid", "100000000000001@lid")


def test_lid_of_any_person_is_theirs_in_both_directions(zapi, simulator, listening):
    lid = reported(simulator, listening, phone="5521999998888")["chatLid"]
    assert zapi("GET", "phone-exists/5521999998888").json()["lid"] == lid
    assert reported(simulator, listening, lid=lid)["phone"] == "5521999998888"


def test_waiting_message_comes_again_with_its_content(simulator, listening):
    message = simulator.zapi_receive(text="Chegou", waiting=True)["messageId"]
    assert simulator.zapi_wait()
    empty, full = listening.of("ReceivedCallback")
    assert (empty["messageId"], empty["waitingMessage"], "text" in empty) == (message, True, False)
    assert (full["messageId"], full["waitingMessage"]) == (message, False)
    assert full["text"] == {"message": "Chegou"}


def test_edited_message_has_the_id_of_the_first(simulator, listening):
    message = reported(simulator, listening, text="Ola")["messageId"]
    body = reported(simulator, listening, text="Olá", message_id=message, edit=True)
    assert (body["messageId"], body["isEdit"], body["text"]["message"]) == (message, True, "Olá")


def test_reaction_and_its_removal_name_the_message(simulator, listening):
    given = reported(simulator, listening, "reaction", about="3EB001", choice="❤️")
    taken = reported(simulator, listening, "reaction", about="3EB001", choice="")
    assert given["reaction"]["value"] == "❤️"
    assert given["reaction"]["referencedMessage"]["messageId"] == "3EB001"
    assert taken["reaction"]["value"] == ""


def test_what_we_type_on_our_phone_is_not_from_the_api(simulator, listening):
    body = reported(simulator, listening, from_me=True)
    assert (body["fromMe"], body["fromApi"]) == (True, False)


def test_fields_and_content_may_be_anything(simulator, listening):
    body = reported(simulator, listening, "image", content={"downloadError": True}, fields={"chatLid": None})
    assert body["image"]["downloadError"] is True
    assert body["chatLid"] is None


def test_media_link_leads_to_a_file_until_it_expires(simulator, listening):
    fresh = reported(simulator, listening, "image")["image"]["imageUrl"]
    old = reported(simulator, listening, "image", expired=True)["image"]["imageUrl"]
    assert requests.get(fresh, timeout=60).headers["Content-Type"] == "image/jpeg"
    assert requests.get(old, timeout=60).status_code == 404
    assert simulator.calls("zapi")


def test_presence_is_reported(simulator, listening):
    simulator.zapi_presence("5511987650001", "COMPOSING")
    [body] = listening.wait_for(1, "PresenceChatCallback")
    assert (body["phone"], body["status"]) == ("5511987650001", "COMPOSING")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"kind": "telegram"}, "No message is of kind 'telegram'"),
        ({"phone": "5511987650004"}, "has no WhatsApp"),
        ({"mood": "bad"}, "Invalid mood"),
        ({"place": "moon"}, "Invalid place"),
    ],
)
def test_message_that_cannot_be_is_refused(simulator, given, reason):
    with pytest.raises(SimulatorError, match=reason):
        simulator.zapi_receive(**given)
