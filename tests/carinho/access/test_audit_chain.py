"""The audit log is only added to, and whoever changes it all the same is found out."""

import hashlib
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, ProgrammingError, connection, transaction

from carinho.access import audit_log
from carinho.access.audit_log import REVEALED
from carinho.access.models import AuditEntry, AuditSeal

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed():
    for number in range(4):
        REVEALED.record("user:ana", f"person {number}", {"page": "pessoa", "note": "é João"})
    assert audit_log.seal_new() == 4
    return list(AuditEntry.objects.order_by("pk"))


def by_superuser(statement, *parameters):
    """What somebody does who may switch the trigger off."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, parameters)
        cursor.execute("SET session_replication_role = origin")


@pytest.mark.parametrize("table", ["access_auditentry", "access_auditseal"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_database_refuses_to_change_what_was_recorded(sealed, table, statement):
    column = "actor" if table == "access_auditentry" else "seal"
    with pytest.raises((InternalError, ProgrammingError), match="only added to"), transaction.atomic():
        connection.cursor().execute(statement.format(table, column, column))


def test_whole_log_is_whole_and_only_new_entries_are_sealed(sealed, capsys):
    REVEALED.record("user:ana", "person 9")
    assert list(audit_log.broken_links()) == []
    call_command("audit", "verify")
    assert "4 sealed entries" in capsys.readouterr().out
    assert audit_log.seal_new() == 1
    assert audit_log.seal_new() == 0
    assert list(audit_log.broken_links()) == []


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE access_auditentry SET actor = 'user:bia' WHERE id = %s", "is not what was sealed"),
        ("UPDATE access_auditentry SET detail = '{}' WHERE id = %s", "detail of entry"),
        ("DELETE FROM access_auditentry WHERE id = %s", "is gone"),
        ("DELETE FROM access_auditseal WHERE entry_id = %s", "does not follow"),
    ],
)
def test_change_behind_the_back_is_found(sealed, statement, says):
    by_superuser(statement, sealed[1].pk)
    assert any(says in sentence for sentence in audit_log.broken_links())
    with pytest.raises(CommandError, match="was changed"):
        call_command("audit", "verify")


def test_first_entries_do_not_go_unseen(sealed):
    by_superuser("DELETE FROM access_auditentry WHERE id = %s", sealed[0].pk)
    by_superuser("DELETE FROM access_auditseal WHERE entry_id = %s", sealed[0].pk)
    assert any("no retention removed" in sentence for sentence in audit_log.broken_links())


def test_detail_of_an_erased_person_leaves_the_chain_whole(sealed):
    with transaction.atomic(), audit_log.may_change("erasure"):
        connection.cursor().execute("UPDATE access_auditentry SET detail = '{}', redacted_at = now()")
    assert list(audit_log.broken_links()) == []
    assert AuditSeal.objects.count() == 4


def test_erased_detail_cannot_be_guessed_from_what_was_sealed(sealed):
    guess = json.dumps(sealed[0].detail, sort_keys=True, ensure_ascii=False).encode()
    said = [value for row in AuditSeal.objects.values_list("digest", "previous", "seal") for value in row]
    assert not any(hashlib.sha256(guess).hexdigest()[:16] in value for value in said)


def test_log_is_whole_under_a_new_key_and_says_what_it_cannot_compare_without_the_old_one(
    sealed, settings, capsys
):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    call_command("audit", "verify")
    assert "not compared" not in capsys.readouterr().out
    by_superuser("UPDATE access_auditentry SET detail = '{}' WHERE id = %s", sealed[1].pk)
    assert len(list(audit_log.broken_links())) == 1
    settings.SECRET_KEY_FALLBACKS = []
    call_command("audit", "verify")
    assert "The details of 4 were not compared" in capsys.readouterr().out
    by_superuser("UPDATE access_auditentry SET actor = 'user:bia' WHERE id = %s", sealed[1].pk)
    assert any("is not what was sealed" in sentence for sentence in audit_log.broken_links())


def test_what_was_sealed_before_the_digests_had_a_key_is_still_compared(sealed, monkeypatch):
    text = json.dumps(sealed[0].detail, sort_keys=True, ensure_ascii=False)
    plain = hashlib.sha256(text.encode()).hexdigest()
    REVEALED.record("user:ana", "person 9", sealed[0].detail)
    monkeypatch.setattr(audit_log, "_digests", lambda entry: [plain])
    assert audit_log.seal_new() == 1
    monkeypatch.undo()
    assert AuditSeal.objects.latest("number").digest == plain
    assert list(audit_log.broken_links()) == []
    by_superuser("UPDATE access_auditentry SET detail = '{}' WHERE target = 'person 9'")
    assert len(list(audit_log.broken_links())) == 1
