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


def test_first_ask_creates_the_database_and_the_next_finds_it(var_dir):
    url = Server(var_dir).start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_database(), current_setting('fsync')").fetchone() == (
            "carinho",
            "on",
        )
    assert Server(var_dir).start() == url


def test_processes_that_ask_at_once_share_one_server(var_dir):
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK, str(var_dir)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    urls = {process.communicate(timeout=60)[0].strip() for process in asking}
    assert len(urls) == 1
    psycopg.connect(urls.pop()).close()


def test_server_outlives_the_process_that_started_it(var_dir):
    url = subprocess.run(
        [sys.executable, "-c", ASK, str(var_dir)], capture_output=True, text=True, check=True
    ).stdout.strip()
    psycopg.connect(url).close()


def test_rows_survive_a_killed_server(var_dir):
    with psycopg.connect(Server(var_dir).start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    killed = psutil.Process(postmaster(var_dir))
    killed.kill()
    assert eventually(lambda: Server(var_dir).url() is None)
    psutil.wait_procs([killed], timeout=10)
    with psycopg.connect(Server(var_dir).start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_pid_file_that_names_another_program_does_not_stop_the_start(var_dir):
    Server(var_dir).start()
    pid_file = Server(var_dir).data / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    Server(var_dir).stop()
    pid_file.write_text("\n".join([str(os.getpid()), *stale[1:]]) + "\n")
    psycopg.connect(Server(var_dir).start()).close()


def test_creation_cut_off_in_the_middle_is_begun_again(var_dir):
    draft = var_dir / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18")
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


def test_serving_process_ends_the_server_when_told(var_dir):
    serving = subprocess.Popen([sys.executable, "-m", "carinho.embedded.postgres", str(var_dir)])
    assert eventually(lambda: Server(var_dir).url())
    pid = postmaster(var_dir)
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(20) == 0
    assert not alive(pid)


def test_serving_process_notices_that_the_server_died(var_dir):
    serving = subprocess.Popen([sys.executable, "-m", "carinho.embedded.postgres", str(var_dir)])
    assert eventually(lambda: Server(var_dir).url())
    os.kill(postmaster(var_dir), signal.SIGKILL)
    assert serving.wait(20) == 1


def test_data_below_a_closed_folder_survive_a_restart(var_dir):
    var_dir.chmod(0o700)  # as in the home of root, where PostgreSQL's account has no way in
    with psycopg.connect(Server(var_dir).start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    Server(var_dir).stop()
    with psycopg.connect(Server(var_dir).start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert var_dir.stat().st_mode & 0o777 == 0o700


def test_address_starts_nothing_and_leads_to_the_server_that_runs(var_dir):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address(var_dir))
    assert not (var_dir / "postgres").exists()
    assert Server(var_dir).start() == address(var_dir)
