"""What a system's answer says of the field that it rejects, in the words that systems use."""

import json

import pytest

from events import named_fields
from events.named_fields import NamedField

FIELDS = [
    NamedField("id", "Código", is_phone=False),
    NamedField("client_id", "Cliente", is_phone=False),
    NamedField("name", "Nome", is_phone=False),
    NamedField("email", "E-mail", is_phone=False),
    NamedField("family_phone", "Telefone da família", is_phone=True),
    NamedField("address.zip_code", "CEP", is_phone=False),
]


@pytest.mark.parametrize(
    ("answer", "reason", "expected"),
    [
        ({"errors": {"client_id": ["x"], "data.zip_code": ["x"]}}, "", ["client_id", "address.zip_code"]),
        ({"errors": {"phone": ["x"]}}, "", ["family_phone"]),
        ({"message": "The client id field is required."}, "", ["client_id"]),
        ({"error": "O CEP não existe"}, "", ["address.zip_code"]),
        ("<html>", "Failed to register lead in CRM: E-mail inválido", ["email"]),
        ("", "Failed to send message in WhatsApp: Invalid telephone", ["family_phone"]),
        ({"message": "The given data was invalid."}, "Failed to register name in CRM: Refused", []),
        ("[1]", "Invalid phone number", ["family_phone"]),
        ({"errors": ["x"], "message": ["x"]}, "", []),
    ],
)
def test_answer_names_the_fields_of_an_event(answer, reason, expected):
    answered = answer if isinstance(answer, str) else json.dumps(answer)
    assert named_fields.of(FIELDS, answered=answered, reason=reason) == expected
