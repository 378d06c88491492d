"""What WhatsApp sends is taken as far as it can be read; the rest is kept, and put through by a person."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from carinho.access.models import AuditEntry
from events.models import Event, RejectedRequest
from tests.clients import logged_in
from tests.whatsapp.inbox_client import SECRET, call, post, sample
from whatsapp.models import Callback

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ours(settings):
    settings.ZAPI = settings.ZAPI | {"instance": "simulator", "token": "simulator", "webhook_secret": SECRET}


def send(raw: bytes | str):
    return Client().post(f"/webhooks/whatsapp/{SECRET}", raw, content_type="application/json")


def text_of(raw: bytes | str) -> str:
    assert send(raw).status_code == 200
    call()
    return Event.objects.get(type="whatsapp.inbound").data["text"]


def with_text(escaped: str) -> str:
    return json.dumps(sample("received_text", text={"message": "@"})).replace("@", escaped)


def test_half_an_emoji_loses_no_message():
    assert text_of(with_text(r"oi \ud83d")) == "oi \ufffd"


def test_half_an_emoji_in_a_fields_name_loses_no_message():
    body = with_text("oi").replace('"text"', r'"\udc00": 1, "text"')
    assert text_of(body) == "oi"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_number_that_is_none_loses_no_message(number):
    assert text_of(with_text("oi").replace('"photo": null', f'"photo": {number}')) == "oi"


def test_byte_that_is_no_utf8_loses_no_message():
    assert text_of(with_text("oi @").encode().replace(b"@", b"\xe1")) == "oi \ufffd"


def test_longest_text_in_its_longest_spelling_comes_in():
    assert text_of(with_text(r"\ud83d\ude00" * 32_768)) == "😀" * 32_768


def test_contact_card_with_a_photo_comes_in():
    card = {"displayName": "Rui", "phones": ["5511987650001"], "vCard": "PHOTO:" + "A" * 1_200_000}
    call(sample("received_contact", contact=card))
    assert Event.objects.get().data["text"] == "👤 Contato: Rui 5511987650001"


@pytest.mark.parametrize(
    ("raw", "status"),
    [("{", 400), ("[]", 400), ("[" * 100_000, 400), ('"' + "x" * (2 * 1024 * 1024) + '"', 413)],
)
def test_what_cannot_be_read_is_kept_with_its_cause(raw, status):
    assert send(raw).status_code == status
    rejected = RejectedRequest.objects.get()
    assert (rejected.source, rejected.status_code, rejected.is_proven) == ("whatsapp", status, True)
    assert rejected.body == raw[: 64 * 1024]
    assert rejected.is_cut is (len(raw) > 64 * 1024)


def test_wrong_secret_is_kept_without_its_body():
    assert post(sample("received_text"), secret="x").status_code == 403
    rejected = RejectedRequest.objects.get()
    assert (rejected.source, rejected.body, rejected.is_proven) == ("whatsapp", "", False)


def test_refused_callback_is_put_through_once_by_an_administrator_who_mended_it():
    send(json.dumps(sample("received_text"))[:-1])
    rejected, client = RejectedRequest.objects.get(), logged_in("Administrador")
    accept = reverse("admin:events_rejectedrequest_accept", args=[rejected.pk])
    assert "não é um JSON válido" in client.post(accept).content.decode()
    shown = client.post(accept, {"body": json.dumps(sample("received_text"))}, follow=True)
    assert "Aceito." in shown.content.decode()
    call()
    assert Event.objects.filter(type="whatsapp.inbound").count() == 1
    assert AuditEntry.objects.get().action == "rejected_request.accept"
    client.post(accept, {"body": json.dumps(sample("received_text", messageId="other"))})
    assert Callback.objects.count() == 1


def test_page_of_a_callback_that_was_cut_offers_to_mend_it():
    send('"' + "x" * (2 * 1024 * 1024) + '"')
    rejected, client = RejectedRequest.objects.get(), logged_in("Administrador")
    page = client.post(reverse("admin:events_rejectedrequest_reveal", args=[rejected.pk])).content.decode()
    assert "Aceitar com esta correção" in page
