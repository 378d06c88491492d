"""A command with an Idempotency-Key is done once, and its repeat gets the first answer."""

import hashlib
from datetime import timedelta

import pytest
from django.db.models import F

from carinho.access.models import ApiAnswer, AuditEntry
from events.models import DeadLetterStatus
from tests.clients import with_key
from tests.events.api.test_dead_letters import bury, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return with_key("operate", "read", name="turno")


def once(client, path, body=None, key="k-1"):
    return client.post(path, body or {}, content_type="application/json", headers={"Idempotency-Key": key})


def test_repeat_gets_the_first_answer_and_does_nothing(operator):
    dead_letter = bury(1)
    path = f"/api/dlq/{dead_letter.pk}/archive"
    first, again = once(operator, path), once(operator, path)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert post(operator, path, {}).status_code == 409
    assert once(operator, path, key="k-2").status_code == 409
    assert AuditEntry.objects.filter(actor="key:turno").count() == 1


def test_key_with_another_command_is_422_and_moves_nothing(operator):
    one, other = bury(1), bury(2)
    once(operator, f"/api/dlq/{one.pk}/archive")
    answer = once(operator, f"/api/dlq/{other.pk}/archive")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    other.refresh_from_db()
    assert other.status == DeadLetterStatus.OPEN


def test_digest_of_a_command_cannot_be_guessed_and_holds_under_a_new_key(operator, settings):
    path = f"/api/dlq/{bury(1).pk}/archive"
    plain = hashlib.sha256(f"POST {path}\n{{}}".encode()).hexdigest()
    once(operator, path)
    assert ApiAnswer.objects.get().digest != plain
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert once(operator, path)["Idempotency-Replayed"] == "true"
    ApiAnswer.objects.update(digest=plain)
    assert once(operator, path)["Idempotency-Replayed"] == "true"


def test_keys_of_two_clients_are_two_keys(operator):
    once(operator, f"/api/dlq/{bury(1).pk}/archive")
    assert once(with_key("operate", name="outra"), f"/api/dlq/{bury(2).pk}/archive").status_code == 200


def test_what_was_refused_may_be_sent_again_mended(operator):
    path = f"/api/dlq/{bury(1).pk}/archive"
    assert once(operator, path, {"nonsense": 1}).status_code == 422
    assert once(operator, path, {"reason": "repetido"}).status_code == 200


def test_command_that_is_being_done_is_409_until_its_process_is_given_up(operator):
    path = f"/api/dlq/{bury(1).pk}/archive"
    once(operator, path)
    ApiAnswer.objects.update(status=None, body=None)
    assert once(operator, path).json()["code"] == "in_progress"
    ApiAnswer.objects.update(made_at=F("made_at") - timedelta(minutes=2))
    assert once(operator, path).json()["code"] == "dlq_item_closed"


def test_command_that_broke_may_be_given_again(operator, monkeypatch):
    path = "/circuit-breakers/crm/reset"
    monkeypatch.setattr("events.engine.circuit_breakers.reset", lambda *_args, **_kwargs: 1 / 0)
    operator.raise_request_exception = False
    assert once(operator, path).status_code == 500
    monkeypatch.undo()
    assert once(operator, path).status_code == 200
