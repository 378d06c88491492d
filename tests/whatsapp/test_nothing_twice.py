"""A person receives a message once, whatever happens to the answer, the connection and the callbacks."""

import os

import pytest

from events.models import DeadLetter
from tests.whatsapp.conftest import cancel, message_of, settled, until
from whatsapp.models import SentMessage

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "5511987654321"
MESSAGES = int(os.environ.get("CHAOS_MESSAGES", "120"))
OURS = {"SENT": "sent", "FAILED": "failed", "RECEIVED": "delivered", "READ": "read", "PLAYED": "played"}


def received(zapi, phone=PHONE):
    """How often this person got each text."""
    return list(zapi.zapi_truth()["people"].get(phone, {}).values())


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": True},
        {"drop_before": True},
        {"status": 500},
        {"garbage": "html"},
        {"garbage": "json"},
        {"garbage": "empty"},
        {"stall": True},
    ],
    ids=lambda fault: next(iter(fault)) + str(next(iter(fault.values()))),
)
def test_whatever_kind_of_drop_the_person_receives_it_once(called_back, workers, fault):
    called_back.fault("zapi", times=1, path="send-text", **fault)
    other = cancel(1, phone="5511987650001")
    event = cancel(2, phone=PHONE)
    until(lambda: message_of(event).status in ("read", "failed"), what="an end")
    settled(called_back)
    assert received(called_back) == [1]
    assert received(called_back, "5511987650001") == [1]
    assert {message_of(event).status, message_of(other).status} == {"read"}


def test_faults_at_random_leave_no_message_twice_and_none_lost(called_back, workers, settings):
    settings.WHATSAPP_TRACE_SECONDS = 6  # life is a hundred times faster here, a busy machine is not
    called_back.zapi_chaos(seed=7)
    people = [f"551198{number:07d}" for number in range(MESSAGES // 4)]
    events = [cancel(number, phone=people[number % len(people)]) for number in range(1, MESSAGES + 1)]
    settled(called_back, 300 + MESSAGES)  # when to give up: a quiet machine needs a tenth of it
    called_back.zapi_heal()
    settled(called_back)
    truth = called_back.zapi_truth()
    counts = [count for texts in truth["people"].values() for count in texts.values()]
    assert [count for count in counts if count > 1] == []
    mine = {message.delivery.event_id: message for message in SentMessage.objects.select_related("delivery")}
    for_a_person = set(DeadLetter.objects.filter(status="open").values_list("event_id", flat=True))
    lost = [event.pk for event in events if not mine[event.pk].message_id and event.pk not in for_a_person]
    assert lost == []
    shown = {message.message_id: message.status for message in mine.values() if message.message_id}
    notified = {id: OURS.get(known["notified"], "accepted") for id, known in truth["messages"].items()}
    assert {id: (status, notified[id]) for id, status in shown.items() if status != notified[id]} == {}
    assert set(notified) - set(shown) == set()
