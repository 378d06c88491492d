"""The life of an API key."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from carinho.access import api_keys
from carinho.access.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db


def code(text, **headers):
    return Client(headers={"X-API-Key": text, **headers}).get("/api/dlq").status_code


@pytest.fixture
def made():
    return api_keys.create("parceiro", ["read"], actor="user:ana")


def test_text_of_a_key_is_stored_nowhere(made):
    key, text = made
    row = str(ApiKey.objects.filter(pk=key.pk).values().get())
    assert text not in row
    assert text.partition(".")[2] not in row
    assert AuditEntry.objects.get().target == "parceiro"


@pytest.mark.parametrize("text", ["x", "a.b", "ã.ç", "." * 50, "abcdefgh." + "a" * 32, "a" * 500])
def test_text_that_is_no_key_is_401(text):
    assert code(text) == 401


def test_key_with_another_ones_prefix_is_401(made):
    _, text = made
    assert code(text) == 200
    assert code(text[:-1] + ("a" if text[-1] != "a" else "b")) == 401


def test_revoked_key_is_401_at_once(made):
    key, text = made
    assert api_keys.revoke(key, actor="user:ana")
    assert not api_keys.revoke(key, actor="user:ana")
    assert code(text) == 401


def test_expired_key_is_401():
    past = timezone.now() - timedelta(hours=1)
    assert code(api_keys.create("velha", ["read"], actor="user:ana", expires_at=past)[1]) == 401


def test_last_use_is_written_at_most_once_a_minute(made, django_assert_num_queries):
    key, text = made
    client = Client(headers={"X-API-Key": text})
    client.get("/api/dlq")
    key.refresh_from_db()
    first = key.last_used_at
    with django_assert_num_queries(3):  # key, rate, list
        client.get("/api/dlq")
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    client.get("/api/dlq")
    key.refresh_from_db()
    assert key.last_used_at >= first


def test_rotated_key_works_beside_the_new_one_until_its_overlap_ends(made):
    key, text = made
    new, new_text = api_keys.rotate(key, timedelta(days=2), actor="user:ana")
    assert (new.name, new.scopes, new.replaces) == (key.name, key.scopes, key)
    assert (code(text), code(new_text)) == (200, 200)
    ApiKey.objects.filter(pk=key.pk).update(expiry_date=timezone.now() - timedelta(hours=1))
    assert (code(text), code(new_text)) == (401, 200)


def test_overlap_does_not_prolong_a_key_that_ends_sooner():
    soon = timezone.now() + timedelta(hours=1)
    key, _ = api_keys.create("curta", ["read"], actor="user:ana", expires_at=soon)
    new, _ = api_keys.rotate(key, timedelta(days=2), actor="user:ana")
    key.refresh_from_db()
    assert key.expiry_date == soon
    assert new.expiry_date is not None
    assert new.expiry_date - soon < timedelta(minutes=1)


def test_command_prints_one_line_with_the_key():
    out = StringIO()
    call_command(
        "create_api_key",
        "painel",
        "--scope",
        "read",
        "--scope",
        "operate",
        "--expires-days",
        "30",
        stdout=out,
    )
    (text,) = out.getvalue().splitlines()
    key = ApiKey.objects.get()
    assert code(text) == 200
    assert (key.name, key.scopes) == ("painel", ["operate", "read"])
    assert timedelta(days=29) < key.expiry_date - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize("options", [[], ["--scope", "everything"]])
def test_command_refuses_a_key_without_known_scopes(options):
    with pytest.raises(CommandError):
        call_command("create_api_key", "painel", *options)
