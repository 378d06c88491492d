"""What goes to Z-API, what its answers mean, and that our token stays with us."""

import json
import logging

import pytest
import requests
import responses

from carinho.services.errors import OutcomeUnknown, Rejected, ServiceError, Unavailable
from events.flow import Flow
from whatsapp import messages
from whatsapp.zapi import WhatsApp

TOKEN, INSTANCE, ACCOUNT = "SECRET-TOKEN", "INSTANCE-1", "ACCOUNT-TOKEN"
BASE = f"https://zapi.test/instances/{INSTANCE}/token/{TOKEN}"
PHONE = "5511987654321"
ACCEPTED = {"zaapId": "Z1", "messageId": "M1", "id": "M1"}


@pytest.fixture
def calls(settings):
    settings.ZAPI = {
        "url": "https://zapi.test",
        "instance": INSTANCE,
        "token": TOKEN,
        "client_token": ACCOUNT,
    }
    with responses.RequestsMock() as mock:
        yield mock


def send(to=PHONE):
    whatsapp = WhatsApp("delivery-7")
    return whatsapp, whatsapp.send("Olá, Helena! 💚", to=to)


def test_text_is_sent_and_the_ids_of_the_message_are_kept(calls):
    calls.post(f"{BASE}/send-text", json=ACCEPTED)
    _, result = send()
    request = calls.calls[0].request
    body = json.loads(request.body)
    assert result == {"zaap_id": "Z1", "message_id": "M1"}
    assert body["phone"] == PHONE
    assert body["message"] == "Olá, Helena! 💚"
    assert request.headers["Client-Token"] == ACCOUNT
    assert "X-API-Key" not in request.headers


@pytest.mark.parametrize(
    ("to", "phone"), [("+351912345678", "351912345678"), ("81896604192873@lid", "81896604192873@lid")]
)
def test_foreign_number_goes_as_digits_and_a_lid_as_it_is(calls, to, phone):
    calls.post(f"{BASE}/send-text", json=ACCEPTED)
    send(to)
    assert json.loads(calls.calls[0].request.body)["phone"] == phone


def test_rating_is_asked_with_a_list_and_can_be_answered_without_it(calls):
    calls.post(f"{BASE}/send-option-list", json=ACCEPTED)
    service_completed = Flow.registry["service.completed"]
    question = messages.of_sample(service_completed, service_completed.steps["ask_feedback"])
    text = messages.render(question, own_texts={})
    result = WhatsApp("k").send(text, to=PHONE, choices=question.choices)
    body = json.loads(calls.calls[0].request.body)
    assert result == {"zaap_id": "Z1", "message_id": "M1"}
    assert "responda com um número de *1*" in body["message"]
    assert [option["id"] for option in body["optionList"]["options"]] == [
        f"rating-9001-{n}" for n in (5, 4, 3, 2, 1)
    ]
    assert all(option["title"] and option["description"] for option in body["optionList"]["options"])
    assert body["optionList"]["title"]
    assert body["optionList"]["buttonLabel"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"error": "NOT_FOUND", "message": "Unable to find matching target resource method"},
            "NOT_FOUND: Unable to find matching target resource method",
        ),
        ({"error": "Instance not found", "messageId": "M1"}, "Instance not found"),
        ({"zaapId": "Z1"}, "Answer without a message id"),
        ({"messageId": ""}, "Answer without a message id"),
    ],
)
def test_answer_200_without_a_message_is_a_refusal(calls, answer, said):
    calls.post(f"{BASE}/send-text", json=answer)
    with pytest.raises(Rejected) as refused:
        send()
    assert str(refused.value) == f"Failed to send message in WhatsApp: {said}"


@pytest.mark.parametrize("body", [b"", b"[]"])
def test_unreadable_200_may_have_been_accepted(calls, body):
    calls.post(f"{BASE}/send-text", body=body)
    with pytest.raises(OutcomeUnknown, match="Unreadable answer"):
        send()


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (503, {"json": {"error": "Instance is busy"}}, Unavailable),
        (500, {"json": {"error": "Internal error", "message": "x"}}, Unavailable),
        (500, {"json": {"message": "Endpoint request timed out"}}, OutcomeUnknown),
        (502, {"body": "<html><h1>502 Bad Gateway</h1></html>"}, OutcomeUnknown),
        (504, {"body": ""}, OutcomeUnknown),
        (500, {"body": '{"error": "Inst'}, OutcomeUnknown),
        (500, {"json": {"error": None}}, OutcomeUnknown),
        (408, {"json": {"error": "Request timeout"}}, OutcomeUnknown),
    ],
)
def test_failure_in_z_apis_own_words_sent_nothing_and_one_of_something_between_may_have(
    calls, status, answer, kind
):
    calls.post(f"{BASE}/send-text", status=status, **answer)
    with pytest.raises(Unavailable) as failed:
        send()
    assert type(failed.value) is kind


def test_number_check_that_cannot_be_read_is_tried_again(calls):
    calls.get(f"{BASE}/phone-exists/{PHONE}", json={"error": "NOT_FOUND"})
    with pytest.raises(Unavailable, match="Unreadable number check"):
        WhatsApp("k").check_number(PHONE)


def test_number_check_that_answers_a_list_is_read_by_its_first_entry(calls):
    calls.get(
        f"{BASE}/phone-exists/{PHONE}", json=[{"exists": "true", "phone": "551187654321", "lid": "1@lid"}]
    )
    assert WhatsApp("k").check_number(PHONE) == {
        "exists": True,
        "registered": "551187654321",
        "lid": "1@lid",
    }


def test_queue_is_read_page_by_page_until_it_has_no_more(calls):
    calls.post(f"{BASE}/queue", json={"messages": [{"n": 1}], "hasMore": True, "pagingState": "p2"})
    calls.post(f"{BASE}/queue", json={"messages": [{"n": 2}], "hasMore": False})
    assert list(WhatsApp("k").queue()) == [{"n": 1}, {"n": 2}]
    assert json.loads(calls.calls[1].request.body)["pagingState"] == "p2"


@pytest.mark.parametrize("answer", [[], {"error": "NOT_FOUND"}])
def test_queue_that_cannot_be_read_is_not_an_empty_one(calls, answer):
    calls.post(f"{BASE}/queue", json=answer)
    with pytest.raises(Unavailable, match="Unreadable queue"):
        list(WhatsApp("k").queue())


def test_refusal_says_what_z_api_said(calls):
    calls.post(f"{BASE}/send-text", status=400, json={"error": "Invalid phone"})
    with pytest.raises(Rejected, match="Failed to send message in WhatsApp: Invalid phone"):
        send()


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (requests.ReadTimeout(f"{BASE}/send-text"), OutcomeUnknown),
        (requests.ConnectionError(f"closed: {BASE}/send-text"), OutcomeUnknown),
        (requests.ConnectTimeout(f"{BASE}/send-text"), Unavailable),
        (requests.exceptions.InvalidURL(f"{BASE}/send-text"), Unavailable),
    ],
)
def test_failure_never_names_the_token(calls, failure, kind, caplog):
    calls.post(f"{BASE}/send-text", body=failure)
    whatsapp = WhatsApp("k")
    caplog.set_level(logging.DEBUG)
    with pytest.raises(kind) as failed:
        whatsapp.send("Olá", to=PHONE)
    logging.getLogger("any").error("Failed", exc_info=failed.value)
    assert TOKEN not in f"{failed.value}{failed.value!r}{caplog.text}{whatsapp.call}"
    assert INSTANCE not in caplog.text


def test_exchange_keeps_only_the_action_of_the_address(calls):
    calls.post(f"{BASE}/send-text", json=ACCEPTED)
    whatsapp, _ = send()
    assert whatsapp.call.last.path == "/send-text"
    assert TOKEN not in repr(whatsapp.call)
    assert ACCOUNT not in repr(whatsapp.call)


def test_http_library_logs_no_address(settings, caplog):
    """The library that logs addresses sits below the one that the other tests replace."""
    settings.ZAPI = {
        "url": "http://127.0.0.1:9",
        "instance": INSTANCE,
        "token": TOKEN,
        "client_token": ACCOUNT,
    }
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ServiceError):
        send()
    assert TOKEN not in caplog.text
    assert logging.getLogger("urllib3.connectionpool").getEffectiveLevel() >= logging.ERROR
