"""Atendimento: one open conversation per person, and cases."""

MESSAGES = "/atendimento/api/v1/messages"


def test_messages_of_one_person_are_one_conversation(call, simulator):
    texts = [("5511987654321", "Oi"), ("5511987654321", "Tudo bem?"), ("5511900000001", "Olá")]
    answers = [call("POST", MESSAGES, {"phone": phone, "text": text}) for phone, text in texts]
    assert [answer.json()["data"]["conversation_id"] for answer in answers] == [1, 1, 2]
    assert len(simulator.state()["atendimento"]["records"]["conversations"]) == 2


def test_person_known_only_by_lid_has_a_conversation(call):
    assert call("POST", MESSAGES, {"lid": "100000000000009@lid", "text": "Oi"}).status_code == 201


def test_person_known_by_phone_is_recognised_by_the_lid_that_came_later(call):
    phone, lid = {"phone": "5511987654321"}, {"lid": "100000000000009@lid"}
    answers = [call("POST", MESSAGES, person) for person in (phone, phone | lid, lid)]
    assert [answer.json()["data"]["conversation_id"] for answer in answers] == [1, 1, 1]


def test_case_is_opened(call, simulator):
    assert call("POST", "/atendimento/api/v1/cases", {"service_id": 3, "rating": 1}).status_code == 201
    assert len(simulator.state()["atendimento"]["records"]["cases"]) == 1
