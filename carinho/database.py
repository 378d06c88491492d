"""The few statements that every event runs, prepared once per connection.

Planning a claim takes longer than running it, and Django's own cursors prepare nothing. Needs
`prepare_threshold` in the connection's options; an old PgBouncer in transaction mode forgets prepared
statements (PgBouncer 1.21 keeps them).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg
from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.types.datetime import TimestamptzLoader
from pydantic_core import to_json


class PreparingCursor(psycopg.Cursor[Any]):
    """Binds on the server, and prepares at once what it executes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Django reads moments by a loader in Python, a twentieth of what a delivery costs; this one is in C
        self.adapters.register_loader("timestamptz", TimestamptzLoader)

    def execute(self, query: Any, params: Any = None, **options: Any) -> "PreparingCursor":
        return super().execute(query, params, prepare=True, **options)


def run(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement in the current transaction, or alone without one, and return its rows.

    Raises django.db's errors, and is seen by its query log, as with Django's cursors.
    """
    own = connections[DEFAULT_DB_ALIAS]  # the proxy would find it out for each attribute
    own.ensure_connection()
    own.close_if_health_check_failed()
    own.ensure_connection()
    make_cursor = own.make_debug_cursor if own.queries_logged else own.make_cursor
    with make_cursor(PreparingCursor(own.connection)) as cursor:  # type: ignore[arg-type]
        cursor.execute(statement, parameters)
        has_rows = cursor.rownumber is not None  # `description` describes each column
        return cursor.fetchall() if has_rows else []


def read(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """`run` for a read that a request begins with, which takes the place of Django's health check.

    A connection that died since the last request is opened again, and the read runs once more.
    """
    is_checked = connection.health_check_done or connection.in_atomic_block  # type: ignore[attr-defined]
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return run(statement, parameters)
    except (OperationalError, InterfaceError):
        if is_checked:
            raise
        connection.close()
        return run(statement, parameters)


def alone() -> AbstractContextManager[Any]:
    """For statements that may fail and spoil no others: in a transaction a savepoint, elsewhere nothing."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def run_rows(
    statement: str, rows: Sequence[Mapping[str, Any]], *more_parameters: Any
) -> list[tuple[Any, ...]]:
    """Run a statement over many rows at once, which are its first parameter, a JSON list."""
    return run(statement, [to_json(rows, fallback=str).decode(), *more_parameters])


def read_only_is_an_outage(
    execute: Callable[..., Any], sql: Any, parameters: Any, many: bool, context: Mapping[str, Any]
) -> Any:
    """Raise what a read-only database says to a write as OperationalError, as all that time mends.

    Django has it as InternalError, a fault of the program. The connection is not kept: behind its address
    another server may have taken over.
    """
    try:
        return execute(sql, parameters, many, context)
    except InternalError as error:
        if not isinstance(error.__cause__, ReadOnlySqlTransaction):
            raise
        context["connection"].close_at = time.monotonic()
        raise OperationalError(*error.args) from error.__cause__


def add_wrappers(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """For each connection that is opened; Django keeps its wrapper, and with it what an earlier one added."""
    if read_only_is_an_outage not in connection.execute_wrappers:
        connection.execute_wrappers.append(read_only_is_an_outage)
