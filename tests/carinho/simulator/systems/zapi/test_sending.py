"""Sending through Z-API: the ids of an answer, what is kept, what is refused."""

import pytest

from tests.carinho.simulator.systems.zapi.conftest import PHONE, TEXT

OPTIONS = {
    "title": "Nota",
    "buttonLabel": "Avaliar",
    "options": [{"id": "5", "title": "Ótimo", "description": ""}],
}
BUTTONS = {"buttons": [{"id": "1", "label": "Sim"}]}


def messages(simulator, phone=PHONE):
    return simulator.state()["zapi"]["records"]["messages"].get(phone, [])


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("send-text", {}),
        ("send-option-list", {"optionList": OPTIONS}),
        ("send-button-list", {"buttonList": BUTTONS}),
        ("send-button-actions", {"buttonActions": [{"id": "1", "type": "URL", "label": "Abrir"}]}),
        ("send-link", {"linkUrl": "Maria!", "title": "Carinho", "linkDescription": "Cuidadoras"}),
        ("send-image", {"image": "https://hub.test/foto.jpg"}),
        ("send-document/pdf", {"document": "https://hub.test/fatura.pdf"}),
    ],
)
def test_accepted_message_has_its_ids_and_is_kept_by_phone(zapi, simulator, action, more):
    answer = zapi("POST", action, TEXT | more)
    assert answer.status_code == 200
    ids = answer.json()
    assert ids.keys() == {"zaapId", "messageId", "id"}
    assert ids["id"] == ids["messageId"] != ids["zaapId"]
    [kept] = messages(simulator)
    assert kept["message"] == "Olá, Maria!"
    assert kept["messageId"] == ids["messageId"]


def test_repeated_send_is_sent_twice_and_counted_under_its_key(zapi, simulator):
    for _ in range(2):
        zapi("POST", "send-text", TEXT, headers={"Idempotency-Key": "delivery-x"})
    assert len(messages(simulator)) == 2
    assert simulator.state()["zapi"]["writes"] == {"delivery-x": 2}


@pytest.mark.parametrize("phone", ["100000000000009@lid", "120363019502650977-group"])
def test_lid_or_group_is_a_recipient(zapi, simulator, phone):
    assert zapi("POST", "send-text", TEXT | {"phone": phone}).status_code == 200
    assert len(messages(simulator, phone)) == 1


@pytest.mark.parametrize(
    ("action", "body", "error"),
    [
        ("send-text", TEXT | {"phone": "+55 11 98765-4321"}, "Invalid phone"),
        ("send-text", {"phone": PHONE}, "message is required"),
        ("send-option-list", TEXT, "optionList.options is required"),
        ("send-link", TEXT | {"linkUrl": "https://hub.test"}, "message must end with linkUrl"),
        ("send-button-list", TEXT | {"buttonList": {"buttons": []}}, "buttonList.buttons is required"),
    ],
)
def test_incomplete_message_is_refused(zapi, simulator, action, body, error):
    answer = zapi("POST", action, body)
    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert messages(simulator) == []


def test_error_without_a_callback_address_leaves_the_person_without_the_message(zapi, simulator):
    simulator.zapi_outcome("Error on send message")
    message = zapi("POST", "send-text", TEXT).json()["messageId"]
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["received"], truth["status"]) == (0, "FAILED")
