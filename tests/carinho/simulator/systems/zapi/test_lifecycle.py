"""A message's lifecycle as callbacks report it, and as it truly was."""

from itertools import chain, pairwise

import pytest

from tests.carinho.simulator.systems.zapi.conftest import PHONE, TEXT

OUTGOING = ("DeliveryCallback", "MessageStatusCallback", "ReceivedCallback")


def steps(listener):
    return [(body["type"], body.get("status")) for body in listener.of(*OUTGOING)]


def test_message_is_reported_from_delivery_to_read_in_order(send, simulator, listening):
    message = send()
    assert simulator.zapi_wait()
    assert steps(listening) == [
        ("DeliveryCallback", None),
        ("ReceivedCallback", "SENT"),
        ("MessageStatusCallback", "SENT"),
        ("MessageStatusCallback", "RECEIVED"),
        ("MessageStatusCallback", "READ"),
    ]
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["phone"], truth["text"]) == (PHONE, "Olá, Maria!")
    assert (truth["received"], truth["status"], truth["notified"]) == (1, "READ", "READ")


def test_delivery_has_the_ids_of_the_answer_and_names_the_instance(zapi, listening):
    answer = zapi("POST", "send-text", TEXT).json()
    [body] = listening.wait_for(1, "DeliveryCallback")
    assert (body["messageId"], body["zaapId"]) == (answer["messageId"], answer["zaapId"])
    assert (body["phone"], body["instanceId"]) == (PHONE, "simulator")
    assert body["momment"] > 10**12
    assert "error" not in body


def test_audio_is_played_after_it_was_read(send, simulator, listening):
    message = send("send-audio", audio="https://files.test/voz.ogg")
    assert simulator.zapi_wait()
    assert listening.statuses(message) == ["SENT", "RECEIVED", "READ", "PLAYED"]


def test_person_reads_several_messages_at_once_and_each_one_once(send, simulator, listening):
    simulator.zapi_settings(speed=20)
    sent = [send(message=f"{number}", delayMessage=1) for number in range(6)]
    assert simulator.zapi_wait()
    reads = [body["ids"] for body in listening.of("MessageStatusCallback") if body["status"] == "READ"]
    assert sorted(chain(*reads)) == sorted(sent)
    assert len(reads) < len(sent)
    assert {status["status"] for status in simulator.zapi_truth()["messages"].values()} == {"READ"}


def test_echo_is_our_own_message_through_the_api(send, simulator, listening):
    message = send()
    assert simulator.zapi_wait()
    [echo] = listening.of("ReceivedCallback")
    assert (echo["fromMe"], echo["fromApi"], echo["messageId"]) == (True, True, message)
    assert (echo["phone"], echo["text"]) == (PHONE, {"message": "Olá, Maria!"})


def test_echo_is_not_reported_unless_it_is_asked_for(send, zapi, simulator, listening):
    zapi("PUT", "update-notify-sent-by-me", {"notifySentByMe": False})
    send()
    assert simulator.zapi_wait()
    assert listening.of("ReceivedCallback") == []


def test_message_to_a_number_without_whatsapp_fails(send, simulator, listening):
    message = send(phone="5511987650004")
    assert simulator.zapi_wait()
    assert [body.get("error") for body in listening.received] == ["Phone number does not exist"]
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["received"], truth["status"], truth["notified"]) == (0, "FAILED", "FAILED")


def test_both_forms_of_a_number_and_its_lid_are_one_person(send, simulator, listening):
    for phone in ("5551987650002", "555187650002", "100000000000002@lid"):
        send(phone=phone)
    assert simulator.zapi_wait()
    assert simulator.zapi_truth()["people"] == {"555187650002": {"Olá, Maria!": 3}}


def test_person_known_by_lid_alone_is_written_to_and_named_by_it(send, simulator, listening):
    message = send(phone="100000000000005@lid")
    assert simulator.zapi_wait()
    assert {body["phone"] for body in listening.received} == {"100000000000005@lid"}
    assert simulator.zapi_truth()["messages"][message]["status"] == "READ"


def test_people_may_be_named_by_lid(send, simulator, listening):
    simulator.zapi_settings(phone_as_lid=True)
    send(phone="5511987650001")
    assert simulator.zapi_wait()
    assert {body["phone"] for body in listening.received} == {"100000000000001@lid"}


def test_without_a_callback_address_a_message_arrives_as_it_is_sent(send, simulator):
    message = send()
    assert simulator.zapi_pending() == {"queue": 0, "tasks": 0}
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["received"], truth["status"], truth["notified"]) == (1, "RECEIVED", "QUEUED")


def test_queue_is_sent_one_by_one_at_a_persons_pace(send, simulator, listening):
    simulator.zapi_settings(speed=2)
    sent = [send(message=f"{number}") for number in range(3)]
    listening.wait_for(3, "DeliveryCallback")
    deliveries = simulator.zapi_callbacks(type="DeliveryCallback")
    assert [it["body"]["messageId"] for it in deliveries[::-1]] == sent
    times = [it["at"] for it in deliveries]
    assert all(later - earlier > 0.15 for later, earlier in pairwise(times))


def test_typing_and_delay_are_waited_for(send, simulator, listening):
    simulator.zapi_settings(speed=4)
    send(delayMessage=4)
    send(delayTyping=4)
    listening.wait_for(2, "DeliveryCallback")
    second, first = simulator.zapi_callbacks(type="DeliveryCallback")
    assert second["at"] - first["at"] > 1.5


def test_deleted_message_is_marked_and_stays_read(send, zapi, simulator, listening):
    message = send()
    assert simulator.zapi_wait()
    assert zapi("DELETE", f"messages?messageId={message}&phone={PHONE}&owner=true").status_code == 204
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["deleted"], truth["received"]) == (True, 1)


def test_message_deleted_for_us_alone_stays_with_the_person(zapi, send, simulator, listening):
    message = send()
    assert zapi("DELETE", f"messages?messageId={message}&phone={PHONE}&owner=false").status_code == 204
    assert zapi("DELETE", f"messages?messageId={message}&phone={PHONE}").status_code == 400
    assert simulator.zapi_truth()["messages"][message]["deleted"] is False


def test_their_message_is_marked_as_read(zapi, listening):
    answer = zapi("POST", "read-message", {"phone": PHONE, "messageId": "3A01"})
    assert (answer.status_code, answer.content) == (204, b"")
    [receipt] = listening.wait_for(1, "MessageStatusCallback")
    assert (receipt["status"], receipt["ids"]) == ("READ_BY_ME", ["3A01"])


@pytest.mark.parametrize("phone", ["120363019502650977-group"])
def test_receipt_says_that_it_comes_from_a_group(send, listening, phone):
    send(phone=phone)
    assert listening.wait_for(1, "MessageStatusCallback")[0]["isGroup"] is True
