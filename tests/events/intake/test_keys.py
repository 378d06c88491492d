"""Whose key a sender shows, and for which systems it may speak."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from carinho.access import api_keys
from events.models import Event, RejectedRequest
from tests.clients import logged_in

pytestmark = pytest.mark.django_db

LEAD = {"type": "lead.created", "data": {"name": "Maria Teste", "phone": "11987654321"}}


def sender(*sources, scheme="Bearer", scopes=("events",)):
    _, text = api_keys.create("parceiro", scopes, actor="test", sources=sources)
    return Client(headers={"Authorization": f"{scheme} {text}"})


def post(client, body=LEAD, path="/api/events"):
    return client.post(path, body, content_type="application/json")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_key_may_come_as_a_bearer_token(scheme):
    assert post(sender(scheme=scheme)).status_code == 202


def test_bearer_token_opens_what_its_scopes_open_and_no_more():
    client = sender(scopes=["read"])
    assert client.get("/api/dlq").status_code == 200
    assert post(client).status_code == 403


@pytest.mark.parametrize("header", ["Bearer ", "Bearer", "Basic abc", "Bearer x.y", ""])
def test_header_without_a_key_that_works_is_401(header):
    assert post(Client(headers={"Authorization": header})).status_code == 401


@pytest.mark.parametrize("path", ["/api/events", "/webhooks/site"])
def test_key_bound_to_one_system_speaks_for_it(path):
    assert post(sender("site"), LEAD | {"source": "site"}, path).status_code == 202
    assert Event.objects.get().source == "site"


def test_key_bound_to_one_system_need_not_name_it():
    assert post(sender("site")).status_code == 202
    assert Event.objects.get().source == "site"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/events", "crm"),
        ("/api/events", "carinho-crm"),
        ("/webhooks/crm", "crm"),
        ("/webhooks/crm", "site"),
    ],
)
def test_bound_key_cannot_speak_for_another_system(path, named):
    response = post(sender("site", "marketing"), LEAD | {"source": named}, path)
    assert (response.status_code, response.json()["code"]) == (403, "foreign_source")
    assert not Event.objects.exists()
    kept = RejectedRequest.objects.get()
    assert (kept.source, kept.is_proven, kept.body) == ("crm", False, "")
    assert kept.fields == {"source": kept.detail}


def test_key_bound_to_several_systems_has_to_name_one():
    client = sender("site", "marketing")
    assert post(client).json()["code"] == "foreign_source"
    assert post(client, LEAD | {"source": "site"}).status_code == 202


def test_bound_key_cannot_take_the_ids_of_another_system():
    known = LEAD | {"id": "site-1"}
    first = post(sender("site"), known).json()["event_id"]
    other = {"type": "client.registered", "id": "site-1", "data": LEAD["data"] | {"client_id": 7}}
    second = post(sender("crm"), other)
    assert second.status_code == 202
    assert second.json()["event_id"] != first


def test_in_a_batch_a_bound_key_speaks_for_its_own_system_only():
    items = [LEAD, LEAD | {"source": "crm"}, LEAD | {"source": "site", "id": "site-2"}]
    results = post(sender("site"), items, "/api/events/batch").json()["results"]
    assert [result["status_code"] for result in results] == [202, 403, 202]
    assert set(Event.objects.values_list("source", flat=True)) == {"site"}
    assert RejectedRequest.objects.get().body == ""


def test_rotated_key_stays_bound():
    key, _ = api_keys.create("site", ["events"], actor="test", sources=["site"])
    new, _ = api_keys.rotate(key, api_keys.timedelta(days=1), actor="test")
    assert new.sources == ["site"]


def test_command_and_console_make_bound_keys():
    printed = StringIO()
    call_command("create_api_key", "mkt", "--scope", "events", "--source", "marketing", stdout=printed)
    assert api_keys.ApiKey.objects.get(name="mkt").sources == ["marketing"]
    form = {"name": "Documentos", "scopes": ["events"], "sources": ["documentos"]}
    page = logged_in("Administrador").post("/admin/access/apikey/add/", form)
    assert page.status_code == 200
    assert api_keys.ApiKey.objects.get(name="Documentos").sources == ["documentos"]
    assert (
        "só por Documentos e LGPD"
        in logged_in("Administrador", "bia").get("/admin/access/apikey/").content.decode()
    )
