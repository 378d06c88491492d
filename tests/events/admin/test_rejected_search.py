"""Recusados: each row says why in Portuguese, and is found by that, by a field, and by whom it is about."""

import json

import pytest
from django.urls import reverse

from carinho.access.roles import OPERATOR, VIEWER
from carinho.masking import mask_name
from events.models import RejectedRequest
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db
LIST = "admin:events_rejectedrequest_changelist"


def rejected(code, detail="Sentence for programs", **columns):
    given = {"source": "site", "status_code": 422, "is_proven": True, "body": "{}"} | columns
    return RejectedRequest.objects.create(code=code, detail=detail, **given)


@pytest.fixture
def found():
    phone = {"name": rows.NAME, "phone": "11 98765.4321"}
    return {
        "key": rejected(
            "not_authenticated", "Envie uma chave no cabeçalho X-API-Key.", is_proven=False, body=""
        ),
        "empty": rejected("invalid_json", body=" "),
        "json": rejected("invalid_json", body="{"),
        "erased": rejected("no_such_code", ""),
        "batch": rejected("invalid_batch", "Deve ser uma lista.", fields={"events": "Deve ser uma lista."}),
        "phone": rejected(
            "invalid_data",
            fields={"data.phone": "Faltam dígitos ou o DDD no telefone."},
            type="lead.created",
            body=json.dumps({"data": phone}),
        ),
    }


def test_each_row_says_why_in_portuguese(found):
    html = logged_in(VIEWER).get(reverse(LIST)).content.decode()
    for words in (
        "Veio sem chave de acesso.",
        "O corpo veio vazio.",
        "O corpo não é um JSON válido.",
        "Não há explicação guardada.",
        "Deve ser uma lista.",
        "Há campos errados: Telefone.",
    ):
        assert words in html
    assert "X-API-Key" not in html
    assert "programs" not in html


@pytest.mark.parametrize(
    ("term", "role", "names"),
    [
        ("chave de acesso", VIEWER, {"key"}),
        ("vazio", VIEWER, {"empty"}),
        ("telefone", VIEWER, {"phone"}),
        ("Faltam dígitos", VIEWER, {"phone"}),
        ("uma lista", VIEWER, {"batch"}),
        ("maria aparecida", OPERATOR, {"phone"}),
        ("98765-4321", OPERATOR, {"phone"}),
        ("+55 (11) 98765-4321", VIEWER, {"phone"}),
        (rows.NAME.lower(), VIEWER, {"phone"}),
        ("maria aparecida", VIEWER, set()),
        ("98765-4321", VIEWER, set()),
    ],
)
def test_rows_are_found_by_reason_by_field_and_by_whom_they_are_about(found, term, role, names):
    listed = logged_in(role).get(reverse(LIST), {"q": term}).context["cl"].result_list
    assert {name for name, row in found.items() if row in listed} == names


def test_panel_opens_the_correction_of_what_waits_longest_in_one_click():
    body = json.dumps({"type": "lead.created", "id": "1", "data": {"name": rows.NAME, "phone": "1"}})
    oldest, _newer = (rejected("invalid_data", type="lead.created", body=body) for _ in range(2))
    form = logged_in(OPERATOR).get("/admin/").content.decode().partition('id="rejected"')[2]
    assert f'action="{reverse("admin:events_rejectedrequest_correct", args=[oldest.pk])}"' in form
    assert "Corrigir e aceitar" in form
    assert mask_name(rows.NAME) in form
