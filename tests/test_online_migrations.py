"""A migration after the first runs while the hub does: it blocks nobody, and the code before it still works.

What is looked at is the SQL, of tables that were there before: docs/running.md says how to write one instead.
"""

import re

import pytest
from django.apps import apps
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

OURS = ("access", "console", "webhooks", "events", "sync", "whatsapp", "monitoring")
WRONG = {
    r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)": "an index is built under a lock that keeps all writers out",
    r"DROP INDEX (?!CONCURRENTLY)": "an index is dropped under a lock that waits for all readers",
    r"ADD CONSTRAINT (?!.*NOT VALID)": "a constraint looks at every row under a lock",
    r"ALTER COLUMN \S+ TYPE": "every row may be written anew under a lock",
    r"ALTER COLUMN \S+ SET NOT NULL": "every row is looked at under a lock, and older code may write none",
    r"ALTER COLUMN \S+ DROP DEFAULT": "older code does not name this column when it inserts",
    r"DROP COLUMN|DROP TABLE|RENAME ": "older code still asks for it",
}
BEFORE_THE_FIRST_RELEASE = re.compile(r"^0001_")  # no installation runs on what these change
TABLE = re.compile(r'(?:TABLE|ON) "(\w+)"')


def complaints(migration: Migration, before: ProjectState) -> list[str]:
    """What of this migration cannot be done while the hub runs."""
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(before.clone(), editor, collect_sql=True)
    lines = [line for line in editor.collected_sql if not line.startswith("--")]
    new = {found[1] for line in lines if line.startswith("CREATE TABLE") and (found := TABLE.search(line))}
    return [
        f"{migration}: {why}: {line}"
        for line in lines
        if not ((found := TABLE.search(line)) and found[1] in new)
        for pattern, why in WRONG.items()
        if re.search(pattern, line)
    ]


@pytest.mark.django_db(transaction=True)  # an index is built concurrently outside of any
def test_every_migration_after_the_first_can_run_while_the_hub_does() -> None:
    graph = MigrationLoader(None).graph
    later = [node for node in graph.nodes if node[0] in OURS and not BEFORE_THE_FIRST_RELEASE.match(node[1])]
    found = [
        complaint
        for node in later
        for complaint in complaints(graph.nodes[node], graph.make_state(nodes=[node], at_end=False))
    ]
    assert found == []


BAD = [
    migrations.AddIndex("event", models.Index(fields=["phone"], name="probe")),
    migrations.RemoveField("event", "phone"),
    migrations.RenameField("event", "phone", "telephone"),
    migrations.AddField("event", "probe", models.IntegerField(default=0)),
    migrations.AlterField("event", "phone", models.IntegerField()),
    migrations.AddConstraint(
        "event", models.CheckConstraint(condition=models.Q(duplicates__gte=0), name="probe")
    ),
    migrations.DeleteModel("attempt"),
]
GOOD = [
    migrations.AddField("event", "probe", models.IntegerField(null=True)),
    migrations.AddField("event", "probe", models.IntegerField(db_default=0)),
    migrations.CreateModel("Probe", [("id", models.BigAutoField(primary_key=True))]),
    migrations.AlterModelOptions("event", {"verbose_name": "probe"}),
    AddIndexConcurrently("event", models.Index(fields=["phone"], name="probe")),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("operations", "is_good"), [(GOOD, True), (BAD, False)], ids=["what goes on", "what stops"]
)
def test_operations_that_stop_the_hub_are_told_from_those_that_do_not(operations, is_good) -> None:
    state = ProjectState.from_apps(apps)
    for operation in operations:
        migration = Migration("9999_probe", "events")
        migration.operations, migration.atomic = [operation], False
        assert (complaints(migration, state) == []) is is_good, operation
