"""A source signs with a secret made in the console, which overlaps with the next and ends when revoked."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from standardwebhooks.webhooks import Webhook

from carinho.access import webhook_senders
from carinho.access.models import AuditEntry, WebhookSecret, WebhookSender
from carinho.access.roles import ADMINISTRATOR, OPERATOR
from tests.clients import logged_in

pytestmark = pytest.mark.django_db
BODY = '{"type": "lead.created", "data": {"name": "Maria", "phone": "11987654321"}}'


@pytest.fixture(autouse=True)
def none_in_the_settings(settings):
    settings.WEBHOOK_SECRETS = {source: [] for source in settings.SOURCES}


def signed(secret, at=None, body=BODY):
    at = at or datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body),
    }


def send(secret, source="site"):
    headers = signed(secret)
    return (
        Client()
        .post(f"/webhooks/{source}", BODY, content_type="application/json", headers=headers)
        .status_code
    )


def page(kind, source="site"):
    return reverse(f"admin:access_webhooksender_{kind}", args=[source])


def make(client):
    shown = client.post(page("rotate")).content.decode()
    return re.search(r"whsec_[A-Za-z0-9+/=]+", shown).group()


def test_secret_made_in_the_console_is_shown_once_and_overlaps_with_the_next():
    client = logged_in(ADMINISTRATOR)
    first, second = make(client), make(client)
    assert [send(first), send(second)] == [202, 200]
    assert send(first, source="crm") == 401
    assert WebhookSecret.objects.filter(expires_at=None).count() == 1
    item = client.get(page("change")).content.decode()
    assert first not in item
    assert second not in item
    assert not WebhookSecret.objects.filter(seed__in=[first, second]).exists()
    assert AuditEntry.objects.filter(action="webhook_secret.create").count() == 2
    WebhookSecret.objects.filter(expires_at=None).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert send(second) == 401


def test_secret_is_good_under_a_new_key_while_the_one_before_is_named(settings):
    first = webhook_senders.make("site", actor="user:ana")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    second = webhook_senders.make("site", actor="user:ana")
    assert [send(first), send(second)] == [202, 200]
    settings.SECRET_KEY_FALLBACKS = []
    assert [send(first), send(second)] == [401, 200]


def test_revoked_secret_is_good_for_nothing_from_then_on():
    client = logged_in(ADMINISTRATOR)
    secret = make(client)
    revoke = reverse("admin:access_webhooksender_revoke")
    client.post(revoke, {"ids": WebhookSecret.objects.get().pk})
    assert send(secret) == 401
    assert AuditEntry.objects.get(action="webhook_secret.revoke").target == "site"
    assert "não vale mais" in client.get(page("change")).content.decode()


def test_last_good_and_last_bad_signature_are_seen_with_what_was_wrong():
    client = logged_in(ADMINISTRATOR)
    list_page = reverse("admin:access_webhooksender_changelist")
    assert "nada ainda" in client.get(list_page).content.decode()
    assert send("whsec_Zm9v") == 401
    assert WebhookSender.objects.get(source="site").bad_reason == "no_secret"
    secret = make(client)
    send("whsec_Zm9v")
    sender = WebhookSender.objects.get(source="site")
    assert (sender.good_at, sender.bad_reason) == (None, "wrong_signature")
    assert "nenhum dos segredos fez esta assinatura" in client.get(list_page).content.decode()
    send(secret)
    assert "assinando certo" in client.get(list_page).content.decode()


def test_signature_is_tried_on_its_page_and_nothing_is_taken_in():
    client = logged_in(ADMINISTRATOR)
    secret = make(client)

    def verdict(headers, body=BODY):
        form = {name.removeprefix("webhook-"): text for name, text in headers.items()} | {"body": body}
        return client.post(page("trial"), form).content.decode()

    assert "A assinatura confere." in verdict(signed(secret))
    lines = BODY.replace(",", ",\n")
    assert "A assinatura confere." in verdict(signed(secret, body=lines), lines.replace("\n", "\r\n"))
    old = signed(secret, datetime.now(UTC) - timedelta(hours=1))
    assert "o horário passou de cinco minutos" in verdict(old)
    assert "nenhum dos segredos" in verdict(signed(secret), BODY + " ")
    assert WebhookSender.objects.get(source="site").good_at is None


def test_page_of_a_source_that_never_signed_is_there_before_its_list_was_opened():
    assert "Novo segredo" in logged_in(ADMINISTRATOR).get(page("change")).content.decode()


def test_only_an_administrator_comes_here():
    client = logged_in(OPERATOR)
    assert client.get(reverse("admin:access_webhooksender_changelist")).status_code == 403
    assert client.post(page("rotate")).status_code == 403
    assert not webhook_senders.secrets_of("site")
