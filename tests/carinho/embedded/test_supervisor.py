"""The supervisor as a whole: started, hurt and ended as a person or a falling machine would."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, LiteralString

import psutil
import psycopg
import pytest

from carinho.embedded.postgres import Server
from carinho.embedded.processes import MARK, ROOT, end_orphans
from carinho.embedded.supervisor import missing
from tests.conftest import temporary_var_dir
from tests.processes import alive, eventually, free_port, named


class Running:
    """A supervisor in a VAR_DIR of its own."""

    def __init__(self, var_dir: Path, **env: str) -> None:
        self.var_dir = var_dir
        self.port = free_port()
        clean = {
            name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SIMULATOR_URL")
        }
        self.log = var_dir / "supervisor.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "carinho.embedded.supervisor"],
                cwd=ROOT,
                env={**clean, "VAR_DIR": str(var_dir), "PORT": str(self.port), "DEMO": "0", **env},
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, text: str, seconds: float = 240) -> None:
        assert eventually(lambda: text in self.said() or self.process.poll() is not None, seconds), (
            self.said()
        )
        assert text in self.said()

    def processes(self) -> list[psutil.Process]:
        """All that belong to this VAR_DIR, PostgreSQL included."""
        return [process for process in psutil.process_iter() if belongs(process, self.var_dir)]

    def children(self, text: str) -> list[psutil.Process]:
        """The processes that the supervisor itself started with this in their command."""
        started = psutil.Process(self.process.pid).children()
        return [child for child in started if text in child.cmdline()]

    def beat(self) -> list[psutil.Process]:
        """The worker's child that keeps the time."""
        return [child for worker in self.children("worker") for child in named(worker, "beat")]

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(120)


def belongs(process: psutil.Process, var_dir: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(var_dir) or str(var_dir) in " ".join(process.cmdline())
    except psutil.Error:
        return False


def rows(var_dir: Path, query: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(Server(var_dir).url() or "") as connection:
        return connection.execute(query).fetchall()


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=60) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def var_dir() -> Iterator[Path]:
    """One for all tests here: a database is made and migrated once."""
    with temporary_var_dir() as folder:
        yield folder


@pytest.fixture
def start(var_dir) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def run(**env: str) -> Running:
        made.append(Running(var_dir, **env))
        return made[-1]

    yield run
    for one in made:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)
        end_orphans(var_dir)


def test_what_is_killed_comes_back_and_a_second_signal_kills_at_once(start):
    running = start()
    running.wait_for("está no ar")
    running.children("worker")[0].kill()
    running.wait_for("worker parou (sinal 9)")
    assert eventually(running.beat)
    running.beat()[0].kill()
    running.wait_for("worker parou (código 0)")
    assert eventually(running.beat)
    database = int((running.var_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(database, signal.SIGKILL)
    running.wait_for("banco parou (código 1)")
    assert eventually(lambda: ready(running.port))
    running.children("worker")[0].suspend()  # it cannot end in order
    web = running.children("carinho.granian")[0].pid
    running.process.send_signal(signal.SIGINT)
    assert eventually(lambda: not alive(web))
    assert running.end() == 128 + signal.SIGINT
    assert eventually(lambda: not running.processes()), running.processes()


def test_killed_supervisor_leaves_nothing_the_next_finds_its_data_and_one_signal_ends_everything(start):
    first = start(OPERATOR_PASSWORD="first-password")
    first.wait_for("está no ar")
    first.end(signal.SIGKILL)
    assert eventually(lambda: not first.processes()), first.processes()
    second = start(OPERATOR_PASSWORD="first-password", WEBHOOK_SECRET_CRM="not base64")
    second.wait_for("está no ar")
    second.wait_for("Atenção: WEBHOOK_SECRET_CRM")
    assert rows(second.var_dir, "SELECT count(*) FROM auth_user WHERE username = 'admin'") == [(1,)]
    assert second.end(signal.SIGTERM) == 0
    assert eventually(lambda: not second.processes()), second.processes()


def test_busy_port_is_one_sentence_and_exit_code_2(start, var_dir):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = start(PORT=str(taken.getsockname()[1]))
        assert refused.process.wait(240) == 2
    assert len(refused.said().splitlines()) == 1
    assert "já está em uso" in refused.said()


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/nothing", "not a url"])
def test_broken_database_url_is_a_sentence_and_no_traceback(start, url):
    refused = start(DATABASE_URL=url)
    assert refused.process.wait(240) == 1
    assert "Traceback" not in refused.said()
    assert "DATABASE_URL" in refused.said()
    assert len(refused.said().splitlines()) == 2


@pytest.mark.parametrize(
    ("status", "body", "lacking"),
    [
        (200, b"{}", None),
        (503, b'{"code": "not_ready", "detail": "Falta: broker."}', "Falta: broker."),
        (502, b"<html>Bad gateway", "<html>Bad gateway"),
    ],
)
def test_what_is_missing_is_the_sentence_of_the_hub(status, body, lacking):
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.handle_request, daemon=True).start()
        assert missing(server.server_port) == lacking


def test_hub_that_does_not_listen_is_missing():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert f"porta {port} não responde" in (missing(port) or "")
