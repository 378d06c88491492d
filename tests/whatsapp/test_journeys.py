"""What families and operators live through: lost connections, storms of callbacks, answers to questions."""

import pytest

from events.models import Event
from tests.whatsapp.conftest import cancel, is_quiet, message_of, settled, until
from whatsapp import connection, contacts
from whatsapp.models import Connection, Contact, Received, SentMessage

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "5511987654321"


def people(zapi):
    return zapi.zapi_truth()["people"]


def test_lost_connection_with_a_full_queue_at_zapi_holds_ours_and_sends_it_once_after(called_back, workers):
    called_back.zapi_disconnect(queued=40)
    until(connection.is_disconnected, what="the disconnect was noticed")
    events = [cancel(number, phone=f"55119876{number:05d}") for number in range(1, 11)]
    until(lambda: {message_of(event).status for event in events} == {"held"}, what="everything was held")
    assert not any("send-text" in call["path"] for call in called_back.calls("zapi"))
    called_back.zapi_settings(speed=2000)
    called_back.zapi_connect()
    until(lambda: all(message_of(event).status == "read" for event in events), 300, "everything was read")
    assert all(list(people(called_back)[f"55119876{number:05d}"].values()) == [1] for number in range(1, 11))


def test_flapping_connection_loses_and_doubles_nothing(called_back, workers):
    called_back.zapi_flap(times=5, seconds=20)
    events = [cancel(number, phone=f"55119876{number:05d}") for number in range(1, 21)]
    settled(called_back)
    assert {message_of(event).status for event in events} == {"read"}
    assert all(count == 1 for texts in people(called_back).values() for count in texts.values())
    assert Connection.load().connected is True


@pytest.mark.parametrize("kind", ["duplicate", "twins", "reorder"])
def test_storm_of_repeated_and_shuffled_callbacks_changes_nothing(called_back, workers, kind):
    called_back.zapi_webhook_fault(kind)
    event = cancel(1, phone=PHONE)
    called_back.zapi_receive("text", phone=PHONE, text="Bom dia!")
    until(lambda: message_of(event).status == "read" and Received.objects.exists(), what="both went through")
    settled(called_back)
    assert Received.objects.count() == 1
    assert Event.objects.filter(type="whatsapp.inbound").count() == 1
    assert Contact.objects.count() == 1
    assert Event.objects.filter(type="whatsapp.status", data__status="read").count() == 1


def test_first_messages_by_lid_and_by_number_at_once_are_one_person(called_back, workers):
    for as_lid in (True, False, True, False):
        called_back.zapi_receive("text", phone="5551987650002", as_lid=as_lid)
    until(lambda: Received.objects.count() == 4, what="all four came in")
    assert Contact.objects.get().lid == "100000000000002@lid"
    assert {event.subject for event in Event.objects.filter(type="whatsapp.inbound")} == {
        "contact:100000000000002@lid"
    }


def completed(number=77):
    from events.demo import samples
    from events.intake import envelope, ingestion

    sent = samples.load("service.completed")
    sent["data"] |= {"service_id": number, "client_phone": PHONE}
    receipt = ingestion.accept([envelope.read(samples.with_fresh_id(sent), source="operacao")])[0]
    return Event.objects.get(pk=receipt.event_id)


@pytest.mark.parametrize(
    ("kind", "message", "comment"),
    [
        ("text", {"text": "nota 4, adorei a Ana"}, "adorei a Ana"),
        ("text", {"text": "⭐⭐⭐⭐"}, None),
        ("list", {"choice": "rating-77-4", "text": "4 ⭐⭐⭐⭐"}, None),
        ("button", {"choice": "rating-77-4", "text": "4"}, None),
    ],
)
def test_answer_to_the_question_becomes_feedback_once_and_no_lead(
    called_back, workers, settings, kind, message, comment
):
    settings.FEEDBACK_DELAY_SECONDS = 0
    visit = completed()
    asked = SentMessage.objects.filter(delivery__event=visit, delivery__step="ask_feedback")
    until(lambda: asked.get().status == "read", what="the question arrived")
    called_back.zapi_receive(kind, phone=PHONE, **message)
    feedback = Event.objects.filter(type="feedback.received")
    until(feedback.exists, what="feedback was made of it")
    data = feedback.get().data
    assert (data["rating"], data["service_id"], data.get("comment")) == (4, 77, comment)
    called_back.zapi_receive("text", phone=PHONE, text="5")
    until(
        lambda: Event.objects.filter(type="whatsapp.inbound").exists(), what="the second went to Atendimento"
    )
    assert feedback.count() == 1


def test_number_without_a_question_is_a_message_like_any_other(called_back, workers):
    called_back.zapi_receive("text", phone=PHONE, text="5")
    until(lambda: Event.objects.filter(type="whatsapp.inbound").exists(), what="it went to Atendimento")
    assert not Event.objects.filter(type="feedback.received").exists()


def test_person_known_only_by_lid_is_answered_there(called_back, workers):
    called_back.zapi_receive("text", lid="100000000000005@lid", text="Oi")
    until(Received.objects.exists, what="it came in")
    assert contacts.find(contacts.identity("100000000000005@lid")).address == "100000000000005@lid"
    until(is_quiet, what="quiet")
