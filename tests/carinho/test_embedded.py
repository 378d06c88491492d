"""The embedded PostgreSQL and the broker that is a folder, with real servers and real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from kombu import Connection

from carinho import embedded
from carinho.postgres import PostgresError, Server
from tests.processes import alive, eventually

ASK = "import sys, pathlib, carinho.embedded as e; print(e.database_url(pathlib.Path(sys.argv[1])))"

OWN_QUEUE = "of-this-test"  # kombu remembers bindings by name, whatever the folder, in the whole process


def postmaster(var_dir: Path) -> int:
    return int((var_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def test_first_ask_creates_the_database_and_the_next_finds_it(var_dir):
    url = embedded.database_url(var_dir)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_database(), current_setting('fsync')").fetchone() == (
            "carinho",
            "on",
        )
    assert embedded.database_url(var_dir) == url


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
    with psycopg.connect(embedded.database_url(var_dir), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    killed = psutil.Process(postmaster(var_dir))
    killed.kill()
    assert eventually(lambda: Server(var_dir).url() is None)
    psutil.wait_procs([killed], timeout=10)
    with psycopg.connect(embedded.database_url(var_dir)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_pid_file_that_names_another_program_does_not_stop_the_start(var_dir):
    embedded.database_url(var_dir)
    pid_file = Server(var_dir).data / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    Server(var_dir).stop()
    pid_file.write_text("\n".join([str(os.getpid()), *stale[1:]]) + "\n")
    psycopg.connect(embedded.database_url(var_dir)).close()


def test_creation_cut_off_in_the_middle_is_begun_again(var_dir):
    draft = var_dir / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18")
    psycopg.connect(embedded.database_url(var_dir)).close()


@pytest.mark.parametrize("name", ["a" * 60 + "/" + "b" * 60, "made today, here"])
def test_path_that_no_socket_can_have_is_served_from_a_closed_folder(var_dir, name):
    url = embedded.database_url(var_dir / name)
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
        psycopg.connect(embedded.database_url(odd)).close()
    finally:
        Server(odd).stop()


def test_folder_that_cannot_be_written_is_one_sentence(var_dir):
    (var_dir / "file").touch()
    with pytest.raises(PostgresError, match="Não é possível gravar"):
        embedded.database_url(var_dir / "file" / "var")


def test_serving_process_ends_the_server_when_told(var_dir):
    serving = subprocess.Popen([sys.executable, "-m", "carinho.embedded", str(var_dir)])
    assert eventually(lambda: Server(var_dir).url())
    pid = postmaster(var_dir)
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(20) == 0
    assert not alive(pid)


def test_serving_process_notices_that_the_server_died(var_dir):
    serving = subprocess.Popen([sys.executable, "-m", "carinho.embedded", str(var_dir)])
    assert eventually(lambda: Server(var_dir).url())
    os.kill(postmaster(var_dir), signal.SIGKILL)
    assert serving.wait(20) == 1


def test_message_put_by_one_connection_is_taken_by_another(var_dir):
    options = embedded.broker_options(var_dir)
    with Connection("filesystem://", transport_options=options) as sender:
        sender.SimpleQueue(OWN_QUEUE).put({"lane": "crm"})
    with Connection("filesystem://", transport_options=options) as receiver:
        assert receiver.SimpleQueue(OWN_QUEUE).get(timeout=5).payload == {"lane": "crm"}


def test_forgotten_messages_are_gone_and_the_broker_works_on(var_dir):
    with Connection("filesystem://", transport_options=embedded.broker_options(var_dir)) as sender:
        sender.SimpleQueue("crm").put({"lane": "crm"})
    embedded.forget_messages(var_dir)
    options = embedded.broker_options(var_dir)
    assert not list(Path(options["data_folder_in"]).iterdir())


def test_data_below_a_closed_folder_survive_a_restart(var_dir):
    var_dir.chmod(0o700)  # as in the home of root, where PostgreSQL's account has no way in
    with psycopg.connect(embedded.database_url(var_dir), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    Server(var_dir).stop()
    with psycopg.connect(embedded.database_url(var_dir)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert var_dir.stat().st_mode & 0o777 == 0o700
