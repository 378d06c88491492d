"""All rows of the hub in one file, and back: pg_dump and pg_restore, of the wheel or of the server's PATH."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import OperationalError, connection
from django.utils.translation import gettext as _
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from carinho.embedded import preflight
from carinho.embedded.postgres import Server
from carinho.embedded.preflight import CannotStart
from carinho.embedded.wheel import PostgresError, programs
from carinho.locks import connection_parameters

SET_ASIDE = "before_restore"  # the schema that keeps the old rows until the new ones are all there
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)"


class BackupError(Exception):
    """It cannot be done; the text says why, in Portuguese."""


@contextmanager
def database() -> Iterator[None]:
    """The configured database; an embedded one that nobody runs is started meanwhile. Raises BackupError."""
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE") or answers():
        yield
        return
    try:
        with preflight.only_one(settings.VAR_DIR):
            server = Server(settings.VAR_DIR)
            connection.settings_dict["HOST"] = conninfo_to_dict(server.start())["host"]
            try:
                yield
            finally:
                connection.close()
                server.stop()
    except (CannotStart, PostgresError) as error:
        raise BackupError(str(error)) from None


def answers() -> bool:
    with suppress(OperationalError):
        connection.ensure_connection()
        return True
    return False


def write(file: Path) -> None:
    """Back up while the hub runs: all rows as they are at one instant. Raises BackupError."""
    draft = file.with_name(f"{file.name}.new")
    try:
        draft.touch(mode=0o600)  # it holds all that is known of people
        draft.chmod(0o600)
        _run("pg_dump", "--format=custom", "--schema=public", f"--file={draft}", *_target())
        draft.rename(file)  # a backup that broke off is never taken for whole
    except OSError as error:
        raise BackupError(
            _("Não é possível gravar %(file)s: %(reason)s.") % {"file": file, "reason": error.strerror}
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def read(file: Path, *, replaces: bool) -> None:
    """Put the rows of a backup into a database that nobody uses. All of them or none; raises BackupError.

    What the database holds is in the way, unless `replaces`: then it is dropped once the backup is in.
    """
    _run("pg_restore", "--list", str(file))
    connection.close()
    with psycopg.connect(**connection_parameters(), autocommit=True) as session:
        others, is_empty = (session.execute(query).fetchone() or (None,) for query in (OTHERS, IS_EMPTY))
        if others != (0,):
            raise BackupError(_("O banco está em uso: pare antes o hub e tudo o que usa o banco."))
        if is_empty == (False,) and not replaces:
            raise BackupError(_("O banco não está vazio. Com --replace o backup troca o que há nele."))
        session.execute(f"ALTER SCHEMA public RENAME TO {SET_ASIDE}")
        session.execute("CREATE SCHEMA public")
        try:
            whole = ("--single-transaction", "--exit-on-error", "--schema=public")
            _run("pg_restore", *whole, *_target(), str(file))
        except BackupError:
            session.execute("DROP SCHEMA public CASCADE")
            session.execute(f"ALTER SCHEMA {SET_ASIDE} RENAME TO public")
            raise
        session.execute(f"DROP SCHEMA {SET_ASIDE} CASCADE")


def _target() -> list[str]:
    """Where to connect, without the password, which everybody on the machine could read there."""
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - {"password"}
    given = {name: value for name, value in connection_parameters().items() if name in known}
    return ["--no-owner", "--no-privileges", f"--dbname={make_conninfo(**given)}"]


def _run(program: str, *arguments: str) -> None:
    environ = {**os.environ, "PGPASSWORD": str(connection.settings_dict["PASSWORD"]), "LC_ALL": "C"}
    done = subprocess.run(
        [_path(program), *arguments], check=False, capture_output=True, text=True, env=environ
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [""])[0]
        raise BackupError(_("%(program)s não conseguiu: %(reason)s") % {"program": program, "reason": reason})


def _path(program: str) -> str:
    """That of the wheel, which is as new as any server that the hub knows; without it, that of PATH."""
    with suppress(PostgresError):
        return str(programs() / program)
    if found := shutil.which(program):
        return found
    sentence = _("Falta o %(program)s: instale o cliente do PostgreSQL, da versão do servidor ou mais novo.")
    raise BackupError(sentence % {"program": program})
