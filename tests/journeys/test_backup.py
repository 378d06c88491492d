"""The restore drill: a hub's rows go through a file into a new place, where a hub goes on with them."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from carinho.access import rate_limits
from carinho.embedded.postgres import Server
from carinho.embedded.processes import ROOT
from carinho.embedded.wheel import identity, programs
from events.demo import samples
from events.flow import Flow
from events.intake import dialects, envelope, ingestion
from events.intake.envelope import Envelope
from tests.conftest import temporary_var_dir
from tests.journeys.hub import hub, until
from tests.processes import database_url

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1
"""
SUM = "SELECT count(*), md5(string_agg(row::text, ' ' ORDER BY row::text)) FROM public.{} AS row"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
OF_THE_RESTORE = ("events_circuitbreaker", "events_lane", "access_auditentry")  # it pauses WhatsApp


def contents(url: str) -> dict[str, Any]:
    """Each table by its rows, each sequence by where it stands."""
    with psycopg.connect(url) as session:
        tables = [name for (name,) in session.execute(TABLES)]
        found: dict[str, Any] = dict(session.execute(SEQUENCES).fetchall())
        return found | {name: session.execute(SUM.format(name)).fetchone() for name in tables}  # type: ignore[arg-type]


def sample_of(flow: Flow) -> Envelope:
    source = next(iter(flow.sources), "site")
    return envelope.read(dialects.translate(samples.load(flow.type), source), source=source)


@pytest.fixture
def backup(tmp_path: Path, no_messages: None) -> Path:
    """Of a hub that has one event of each type, with whatever is due for it."""
    ingestion.accept([sample_of(flow) for flow in Flow.registry.values()])
    file = tmp_path / "hub.backup"
    call_command("backup", file)
    return file


@pytest.fixture
def empty() -> Iterator[str]:
    """The URL of an empty database, which commands of this process use."""
    ours = connection.settings_dict["NAME"]
    server = database_url()
    with psycopg.connect(server, autocommit=True) as session:
        session.execute("CREATE DATABASE drill")
    connection.close()
    with mock.patch.dict(connection.settings_dict, NAME="drill"):
        yield server.replace(f"/{ours}?", "/drill?")
        connection.close()
    with psycopg.connect(server, autocommit=True) as session:
        session.execute("DROP DATABASE drill WITH (FORCE)")


def test_backup_is_all_of_the_hub_and_a_hub_goes_on_with_it_elsewhere(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = contents(database_url())
    assert before["events_delivery"][0] > 20
    with temporary_var_dir() as folder:
        environ = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
        subprocess.run(
            [sys.executable, "manage.py", "restore", str(backup)],
            cwd=ROOT,
            env=environ | {"VAR_DIR": str(folder), "SECRET_KEY": "of the drill"},
            check=True,
        )
        server = Server(folder)
        assert server.url() is None, "what the command started it has ended"
        after = contents(server.start())
        server.stop()
        changed = {name for name in before if before[name] != after.get(name)}
        assert {name for name in changed if not name.startswith(OF_THE_RESTORE)} == set()
        with hub(VAR_DIR=str(folder)) as restored:
            until(lambda: restored.simulator.counts().get("crm"), "CRM got what was due for it")
            breakers = restored.get("/circuit-breakers")["services"]
            assert breakers["whatsapp"]["paused"]
            assert restored.simulator.state()["zapi"]["records"]["messages"] == {}


def recovery_commands(folder: Path, moment: str) -> list[str]:
    """The blocks of docs/running.md as they stand there, with folders and a moment of this test."""
    places = {
        "/archive": str(folder / "archive"),
        "/backups/2026-02-01": str(folder / "base"),
        "/recovered": str(folder / "recovered" / "postgres"),
        "2026-02-01 14:29:30-03": moment,
    }
    section = (ROOT / "docs" / "running.md").read_text().partition("### Back to a moment")[2]
    blocks = re.findall(r"```sh\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    found = "|".join(map(re.escape, places))
    return [re.sub(found, lambda match: places[match.group()], block) for block in blocks]


def test_server_recovers_from_its_archive_to_the_moment_before_a_mistake(backup: Path, var_dir: Path) -> None:
    server, recovered = Server(var_dir), Server(var_dir / "recovered")
    url = server.start()
    for made in (var_dir / "archive", recovered.var_dir):
        made.mkdir()
    owner = server.data.stat()
    for made in (var_dir, var_dir / "archive", recovered.var_dir):
        os.chown(made, owner.st_uid, owner.st_gid)

    def run(command: str) -> None:
        connection = psycopg.conninfo.conninfo_to_dict(url)
        subprocess.run(
            ["sh", "-euc", command],
            cwd=var_dir,
            env={
                "PATH": f"{programs()}:{os.environ['PATH']}",
                "PGHOST": str(connection["host"]),
                "PGUSER": str(connection["user"]),
            },
            check=True,
            **identity(server.data),
        )

    archive, base_backup, _ = recovery_commands(var_dir, "")
    run(archive)
    server.stop()
    server.start()
    run(base_backup)
    # every table is younger than the base backup, as after a migration
    restore = [programs() / "pg_restore", "--dbname", url, "--clean", "--if-exists", backup]
    subprocess.run(restore, check=True)
    before = contents(url)
    assert before["events_delivery"][0] > 20
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(rate_limits.COUNT, ["forgotten", 7])  # not in the WAL
        (moment,) = session.execute("SELECT clock_timestamp()::text").fetchone() or ("",)
        session.execute("TRUNCATE events_event CASCADE")
    server.stop()
    *_, recovery = recovery_commands(var_dir, moment)
    run(recovery)
    try:
        url = recovered.start()
        assert contents(url) == before
        with psycopg.connect(url, autocommit=True) as session:
            [(counted, _)] = session.execute(rate_limits.COUNT, ["forgotten", 1])
        assert counted == 1, "what has no WAL is empty, and takes calls again"
        subprocess.run([programs() / "pg_dump", "--dbname", url, "--file", var_dir / "again"], check=True)
    finally:
        recovered.stop()


def test_database_in_use_or_not_empty_is_not_written_over(backup: Path, empty: str) -> None:
    call_command("restore", backup)
    restored = contents(empty)
    with pytest.raises(CommandError, match="não está vazio"):
        call_command("restore", backup)
    with psycopg.connect(empty), pytest.raises(CommandError, match="está em uso"):
        call_command("restore", backup, replace=True)
    broken = backup.with_name("broken")
    broken.write_bytes(backup.read_bytes()[:-2000])
    with pytest.raises(CommandError, match="pg_restore"):
        call_command("restore", broken, replace=True)
    assert contents(empty) == restored, "what could not be put back whole changed nothing"
    call_command("restore", backup, replace=True)
    assert contents(empty)["events_event"] == restored["events_event"]


def test_backup_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(CommandError, match="gravar"):
        call_command("backup", tmp_path / "missing" / "hub.backup")
    monkeypatch.setitem(connection.settings_dict, "NAME", "nowhere")
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("backup", tmp_path / "hub.backup")
    assert list(tmp_path.iterdir()) == []
