"""One runner per job, anywhere: a session lock in PostgreSQL that dies with its holder."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from carinho.locks import session_lock

NAMESPACE = 0x7379_6E63  # other than the lanes'

HOLDER = """
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid = %s AND objid::bigint = hashtext(%s)::bigint & 4294967295
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Lock:
    """The lock while it is held. It is gone when its connection is."""

    def __init__(self, session: psycopg.Connection) -> None:
        self.session = session

    def is_held(self) -> bool:
        try:
            self.session.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def only_runner(name: str) -> Iterator[Lock | None]:
    """The lock of this job, or None while another session holds it."""
    with session_lock(NAMESPACE, name) as session:
        yield Lock(session) if session else None


def holder(name: str) -> int | None:
    """PostgreSQL's process id of the session that holds the lock; None when nobody does."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDER, [NAMESPACE, name])
        row = cursor.fetchone()
    return row[0] if row else None


def take_away(name: str) -> None:
    """End the session that holds the lock: its runner finds out before it writes anything more."""
    pid = holder(name)
    if pid is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
