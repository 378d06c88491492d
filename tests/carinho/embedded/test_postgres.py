"""The embedded PostgreSQL, with real servers and real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from carinho.embedded.postgres import Server, address
from carinho.embedded.wheel import PostgresError
from tests.processes import alive, eventually

ASK = (
    "import sys, pathlib, carinho.embedded.postgres as p; print(p.Server(pathlib.Path(sys.argv[1])).start())"
)


def postmaster(var_dir: Path) -> int:
    return int((var_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def test_address_starts_nothing(var_dir):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address(var_dir))
    assert not (var_dir / "postgres").exists()


def test_processes_that_ask_at_once_create_one_server_that_outlives_them(var_dir):
    draft = var_dir / "postgres.new"  # a creation that was cut off in the middle
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18")
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK, str(var_dir)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    urls = {process.communicate(timeout=240)[0].strip() for process in asking}
    assert urls == {address(var_dir)} == {Server(var_dir).start()}
    with psycopg.connect(urls.pop()) as connection:
        assert connection.execute("SELECT current_database(), current_setting('fsync')").fetchone() == (
            "carinho",
            "on",
        )
        with pytest.raises(psycopg.errors.DataError):
            connection.execute("SELECT 'Joana'::int, '5511987654321'::text")
    assert "5511987654321" not in Server(var_dir).log.read_text(), "a failed statement names people and keys"


def test_rows_survive_a_killed_server_and_a_pid_file_that_names_another_program(var_dir):
    with psycopg.connect(Server(var_dir).start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    killed = psutil.Process(postmaster(var_dir))
    killed.kill()
    assert eventually(lambda: Server(var_dir).url() is None)
    psutil.wait_procs([killed], timeout=120)
    with psycopg.connect(Server(var_dir).start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    pid_file = Server(var_dir).data / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    Server(var_dir).stop()
    pid_file.write_text("\n".join([str(os.getpid()), *stale[1:]]) + "\n")
    psycopg.connect(Server(var_dir).start()).close()


@pytest.mark.parametrize("name", ["a" * 60 + "/" + "b" * 60, "made today, here"])
def test_path_that_no_socket_can_have_is_served_from_a_closed_folder(var_dir, name):
    url = Server(var_dir / name).start()
    folder = Path(url.partition("?host=")[2])
    try:
        assert folder.stat().st_mode & 0o077 == 0
        psycopg.connect(url).close()
    finally:
        Server(var_dir / name).stop()
        folder.rmdir()


def test_path_with_blanks_and_apostrophes_is_served(var_dir):
    odd = var_dir / "it's a clone"
    try:
        psycopg.connect(Server(odd).start()).close()
    finally:
        Server(odd).stop()


def test_folder_that_cannot_be_written_is_one_sentence(var_dir):
    (var_dir / "file").touch()
    with pytest.raises(PostgresError, match="Não é possível gravar"):
        Server(var_dir / "file" / "var").start()


def test_serving_process_notices_that_the_server_died_and_ends_it_when_told(var_dir):
    serving = subprocess.Popen([sys.executable, "-m", "carinho.embedded.postgres", str(var_dir)])
    assert eventually(lambda: Server(var_dir).url(), 240)
    killed = psutil.Process(postmaster(var_dir))
    killed.kill()
    assert serving.wait(240) == 1
    psutil.wait_procs([killed], timeout=120)
    serving = subprocess.Popen([sys.executable, "-m", "carinho.embedded.postgres", str(var_dir)])
    assert eventually(lambda: Server(var_dir).url(), 240)
    pid = postmaster(var_dir)
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(240) == 0
    assert not alive(pid)


def test_data_below_a_closed_folder_survive_a_restart(var_dir):
    var_dir.chmod(0o700)  # as in the home of root, where PostgreSQL's account has no way in
    with psycopg.connect(Server(var_dir).start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    Server(var_dir).stop()
    with psycopg.connect(Server(var_dir).start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert var_dir.stat().st_mode & 0o777 == 0o700
