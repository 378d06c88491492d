"""The rows as the migrations left them, brought back after a test that commits.

Django's own flush truncates every table and makes permissions, roles, schedules and lanes anew, half a second
each time. Here only rows that differ are touched, and every test finds what a migration made, with its ids.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
EMPTY = "DELETE FROM public.{0};"
FILLED = """
IF EXISTS (SELECT t::text FROM public.{0} t EXCEPT ALL SELECT t::text FROM as_migrated.{0} t)
OR EXISTS (SELECT t::text FROM as_migrated.{0} t EXCEPT ALL SELECT t::text FROM public.{0} t) THEN
    DELETE FROM public.{0};
    INSERT INTO public.{0} OVERRIDING SYSTEM VALUE TABLE as_migrated.{0};
END IF;
"""
# A function is one transaction, and foreign keys are looked at when it ends: the order of the tables is free.
# Who may do so has them looked at by nobody, for they are asked about each row.
FUNCTION = """
CREATE FUNCTION as_migrated.restore() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        SET LOCAL session_replication_role = replica;
    END IF;
    {}
END $$
"""


WAITS = """
SELECT EXISTS (
    SELECT FROM pg_locks AS wanted JOIN pg_locks AS held USING (pid)
    WHERE NOT wanted.granted
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""


def somebody_waits_for_a_lock() -> bool:
    """In this database: its server has those of the session's other processes too."""
    with connection.cursor() as cursor:
        cursor.execute(WAITS)
        return bool(cursor.fetchone()[0])


def remember() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA as_migrated")
        cursor.execute(TABLES)
        statements = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"CREATE TABLE as_migrated.{table} AS TABLE public.{table}")
            statements.append((FILLED if cursor.rowcount else EMPTY).format(table))
        cursor.execute(FUNCTION.format("".join(statements)))


def restore(over: BaseDatabaseWrapper | None = None) -> None:
    with (over or connection).cursor() as cursor:
        cursor.execute("SELECT as_migrated.restore()")


@contextmanager
def restorer() -> Iterator[Callable[[], None]]:
    """Restores over one connection for all tests: a new one spends most of its time on what tables are."""
    own = connections[connection.alias].copy()

    def restore_apart() -> None:
        connections.close_all()  # as after every test that commits; what one still holds would be waited for
        restore(own)

    try:
        yield restore_apart
    finally:
        own.close()
