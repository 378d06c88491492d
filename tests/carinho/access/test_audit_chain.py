"""The audit log is only added to, and whoever changes it all the same is found out."""

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
