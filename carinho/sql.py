"""The few statements that every event runs, prepared once per connection.

Planning a claim takes longer than running it, and Django's own cursors prepare nothing. Needs
`prepare_threshold` in the connection's options; an old PgBouncer in transaction mode forgets prepared
statements (PgBouncer 1.21 keeps them).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def run(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement in the current transaction, or alone without one, and return its rows.

    Raises django.db's errors, as Django's cursors do.
    """
    connection.ensure_connection()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []
