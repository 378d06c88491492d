"""Which visit an answer rates, and what of it Atendimento reads."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.demo import samples
from events.intake import envelope, ingestion
from events.models import Event
from tests.whatsapp.inbox_client import SECRET, call, sample
from whatsapp import contacts
from whatsapp.models import SentMessage

pytestmark = pytest.mark.django_db
PHONE = "5511987654321"


@pytest.fixture(autouse=True)
def ours(settings):
    settings.ZAPI = settings.ZAPI | {"instance": "simulator", "token": "simulator", "webhook_secret": SECRET}


def asked(number, *, hours_ago, id):
    """A question about a visit that was sent so long ago."""
    sent = samples.load("service.completed")
    sent["data"] |= {"service_id": number, "client_phone": PHONE}
    [receipt] = ingestion.accept([envelope.read(samples.with_fresh_id(sent), source="operacao")])
    question = SentMessage.objects.filter(delivery__event=receipt.event_id, delivery__step="ask_feedback")
    question.update(
        name="ask_feedback",
        contact=contacts.find_or_make(contacts.identity(PHONE)),
        accepted_at=timezone.now() - timedelta(hours=hours_ago),
        message_id=id,
    )


def answer(text, **more):
    now = round(timezone.now().timestamp() * 1000)
    call(sample("received_text", text={"message": text}, momment=now, **more))
    rated = Event.objects.filter(type="feedback.received").values_list("data__service_id", "data__rating")
    return list(rated), Event.objects.filter(type="whatsapp.inbound").count()


def test_number_without_a_quote_rates_the_last_visit():
    asked(77, hours_ago=20, id="Q77")
    asked(78, hours_ago=2, id="Q78")
    assert answer("1") == ([(78, 1)], 0)


@pytest.mark.parametrize("hours", [20, 200])
def test_quoted_question_decides_which_visit_is_rated(hours):
    asked(77, hours_ago=hours, id="Q77")
    asked(78, hours_ago=2, id="Q78")
    assert answer("1", referenceMessageId="Q77") == ([(77, 1)], 0)


def test_number_long_after_the_question_is_a_message():
    asked(77, hours_ago=73, id="Q77")
    assert answer("1") == ([], 1)


def test_number_of_somebody_else_rates_nobodys_visit():
    asked(77, hours_ago=2, id="Q77")
    other = contacts.find_or_make(contacts.identity("5511987654329"))
    SentMessage.objects.update(contact=other)
    assert answer("1") == ([], 1)
    assert answer("1", referenceMessageId="Q77", messageId="B") == ([], 2)


def test_number_that_quotes_something_else_is_a_message():
    asked(78, hours_ago=2, id="Q78")
    assert answer("1", referenceMessageId="OTHER") == ([], 1)


def test_question_that_was_sent_again_is_known_by_its_earlier_id():
    asked(77, hours_ago=2, id="Q77")
    SentMessage.objects.filter(message_id="Q77").update(earlier_ids=["Q76"])
    assert answer("4", referenceMessageId="Q76") == ([(77, 4)], 0)


def test_rating_with_a_comment_is_read_by_atendimento_too():
    asked(77, hours_ago=2, id="Q77")
    assert answer("nota 2, atrasou. Vocês vêm amanhã?") == ([(77, 2)], 1)


def test_number_that_begins_a_question_is_only_a_message():
    asked(77, hours_ago=2, id="Q77")
    assert answer("5, 6 e 7 de janeiro vocês têm cuidadora?") == ([], 1)


def test_chosen_row_rates_the_visit_that_it_names_and_not_the_last():
    asked(77, hours_ago=20, id="Q77")
    asked(78, hours_ago=2, id="Q78")
    assert answer("", listResponseMessage={"selectedRowId": "rating-77-4"}) == ([(77, 4)], 0)


def test_second_rating_of_the_same_question_is_a_message():
    asked(77, hours_ago=2, id="Q77")
    assert answer("4") == ([(77, 4)], 0)
    assert answer("1", messageId="SECOND") == ([(77, 4)], 1)
