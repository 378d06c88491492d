"""A migration after the first can be undone, also with rows, and done again: the schema is then the same."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from tests.test_online_migrations import OURS

SCHEMA = """
SELECT format('%s.%s %s %s', table_name, column_name, data_type, is_nullable) FROM information_schema.columns
WHERE table_schema = 'public'
UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
UNION SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
"""
ROWS = """
INSERT INTO access_ratewindow (client, minute, calls) VALUES ('key:1', now(), 3), ('key:2', now(), 5)
"""


@pytest.fixture
def own_database(django_db_blocker, django_db_setup) -> Iterator[BaseDatabaseWrapper]:
    """One that was migrated, and that the test may change as it likes."""
    name = f"{connection.settings_dict['NAME']}_undone"
    with django_db_blocker.unblock():
        connection.cursor().execute(f"CREATE DATABASE {name}")
        default = connections["default"]
        own = default.copy()
        own.settings_dict = default.settings_dict | {"NAME": name}
        connections["default"] = own
        try:
            call_command("migrate", verbosity=0)
            yield own
        finally:
            own.close()
            connections["default"] = default
            default.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


def schema(of: BaseDatabaseWrapper) -> set[str]:
    with of.cursor() as cursor:
        cursor.execute(SCHEMA)
        return {line for (line,) in cursor.fetchall()}


def test_migrations_after_the_first_can_be_undone_and_done_again(own_database) -> None:
    with own_database.cursor() as cursor:
        cursor.execute(ROWS)
    before = schema(own_database)
    executor = MigrationExecutor(own_database)
    latest = executor.loader.graph.leaf_nodes()
    first = [node for node in executor.loader.graph.root_nodes() if node[0] in OURS]
    executor.migrate(first)
    assert schema(own_database) != before
    MigrationExecutor(own_database).migrate(latest)
    assert schema(own_database) == before
