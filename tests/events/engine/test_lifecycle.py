"""One place moves deliveries, and its table is what the documents show."""

import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from events.engine.moves import MOVES
from events.models import DeliveryStatus

APPS = ("carinho", "events", "monitoring", "sync", "whatsapp")
SQL = re.compile(
    r"\b(UPDATE|INSERT\s+INTO|MERGE\s+INTO|COPY)\s+(ONLY\s+)?\"?events_(delivery|deadletter)\b", re.IGNORECASE
)
ORM = re.compile(
    r"\b(Delivery|DeadLetter)(\.objects\b[^\n]*\.|\()\s*"
    r"(update|create|bulk_create|bulk_update|get_or_create|update_or_create|save)\b"
    r"|\b(deliveries|dead_letters)\.(update|create|bulk_create|get_or_create)\("
    r"|\b(delivery|dead_letter)\.save\("
)
WRITERS = {"events/engine/moves.py", "events/intake/ingestion.py"}  # the moves, and the insert of what is new


def sources():
    for app in APPS:
        yield from (settings.BASE_DIR / app).rglob("*.py")


def writers(pattern):
    return {
        str(file.relative_to(settings.BASE_DIR)) for file in sources() if pattern.search(file.read_text())
    }


def test_nothing_else_writes_a_delivery_or_its_dead_letter():
    assert writers(SQL) == WRITERS
    assert writers(ORM) == set()


def test_only_the_transitions_run_the_statements_of_the_moves():
    importers = {
        str(file.relative_to(settings.BASE_DIR))
        for file in sources()
        if re.search(r"engine(\.moves\b| import [^\n]*\bmoves\b)", file.read_text())
    }
    assert importers == {"events/engine/transitions.py", "events/management/commands/lifecycle.py"}


def test_ingestion_only_inserts():
    text = (settings.BASE_DIR / "events/intake/ingestion.py").read_text()
    assert [match.group(1).upper() for match in SQL.finditer(text)] == ["INSERT INTO"]


@pytest.mark.django_db
def test_no_trigger_writes_a_delivery_or_its_dead_letter():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc JOIN pg_language ON prolang = pg_language.oid"
            " WHERE lanname = 'plpgsql'"
        )
        assert [name for name, source in cursor.fetchall() if SQL.search(source)] == []


def test_every_state_is_entered_and_left_but_for_an_end():
    entered = {move.target for move in MOVES.values()} | {"waiting", "queued"}
    left = {source for move in MOVES.values() for source in move.sources}
    assert entered == left == set(DeliveryStatus)


def test_document_shows_the_table_as_it_is():
    printed = io.StringIO()
    call_command("lifecycle", stdout=printed)
    assert Path(settings.BASE_DIR / "docs" / "lifecycle.md").read_text() == printed.getvalue()
