"""Advisory locks of PostgreSQL: a session's is gone with its connection, a transaction's with its end."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import connection

from carinho.database import run


def connection_parameters() -> dict[str, Any]:
    """How Django connects, TLS included, less what only its own wrapper understands."""
    parameters = connection.get_connection_params()
    return {name: value for name, value in parameters.items() if name not in ("cursor_factory", "context")}


def try_lock(session: psycopg.Connection, namespace: int, name: str) -> bool:
    """Whether this session has the lock now. Does not wait; whoever asks twice has to unlock twice."""
    row = session.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [namespace, name]).fetchone()
    return bool(row and row[0])


def unlock(session: psycopg.Connection, namespace: int, name: str) -> None:
    session.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [namespace, name])


SHARE = """
SELECT pg_try_advisory_lock_shared(%(namespace)s, hashtext(%(whole)s))
   AND (SELECT bool_and(pg_try_advisory_lock(%(namespace)s, hashtext(part)))
        FROM unnest(%(parts)s::text[]) AS part)
"""


def try_lock_share(session: psycopg.Connection, namespace: int, whole: str, parts: Sequence[str]) -> bool:
    """Whether this session has these parts alone, and nobody the whole. What it got stays until it ends."""
    row = session.execute(SHARE, {"namespace": namespace, "whole": whole, "parts": list(parts)}).fetchone()
    return bool(row and row[0])


@contextmanager
def session_lock(namespace: int, name: str) -> Iterator[psycopg.Connection | None]:
    """A session of its own that holds the lock, or None while another one does."""
    with psycopg.connect(**connection_parameters(), autocommit=True) as session:
        got = try_lock(session, namespace, name)
        try:
            yield session if got else None
        finally:
            with suppress(psycopg.OperationalError):  # closing alone frees the lock only some moments later
                session.execute("SELECT pg_advisory_unlock_all()")


HOLDERS = """
SELECT name, pid FROM pg_locks JOIN unnest(%s::text[]) AS name
    ON objid::bigint = hashtext(name)::bigint & 4294967295
WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND classid = %s
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def holders(namespace: int, names: Iterable[str]) -> dict[str, int]:
    """PostgreSQL's process ids of the sessions that hold these locks alone; what nobody holds is missing."""
    return dict(run(HOLDERS, [list(names), namespace]))


def end_holder(pid: int) -> None:
    """End a session and wait until it is gone: its locks are free, and its owner finds that out."""
    run("SELECT pg_terminate_backend(%s, 5000)", [pid])


def try_transaction_lock(name: str) -> bool:
    """Whether the current transaction has this lock now. Does not wait."""
    return run("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [name]) == [(True,)]


def wait_for_transaction_locks(namespace: str, names: Iterable[str]) -> None:
    """Wait until the current transaction has all of these: taken in one order, no two wait for each other."""
    run(
        "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(name)) FROM unnest(%s::text[]) AS name",
        [namespace, sorted(set(names))],
    )
