"""What the supervisor is made of, with real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from carinho.supervision import checks
from carinho.supervision.banner import banner
from carinho.supervision.checks import CannotStart
from carinho.supervision.child import ROOT, Child, Part
from carinho.supervision.leftovers import MARK, end_leftovers
from carinho.supervision.output import Lines, Output
from carinho.supervision.readiness import missing
from tests.processes import alive, eventually

SLEEP = "import time; time.sleep(600)"


class Watched:
    """A child that runs this Python code, and the lines it printed."""

    def __init__(self, code: str, *, may_end: bool = False) -> None:
        self.lines: list[str] = []
        self.output = Output()
        part = Part("parte", [sys.executable, "-c", code], may_end)
        self.child = Child(part, dict(os.environ), lambda fd: self.output.watch(Lines(self.lines.append), fd))
        self.child.start()

    @property
    def pid(self) -> int:
        assert self.child.process
        return self.child.process.pid

    def wait_for(self, text: str) -> None:
        assert eventually(lambda: self.output.relay(0.05) or text in self.lines), self.lines

    def sentence(self) -> str | None:
        """What tending says once the process has ended."""
        assert eventually(self.child.gone)
        return self.child.tend()


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def start(code: str, **options: bool) -> Watched:
        made.append(Watched(code, **options))
        return made[-1]

    yield start
    for one in made:
        one.child.kill()
        eventually(one.child.gone)


def test_killed_child_is_named_and_started_again(watch):
    watched = watch(SLEEP)
    first = watched.pid
    os.kill(first, signal.SIGKILL)
    assert watched.sentence() == "parte parou (sinal 9); volta em 1 s."
    assert eventually(lambda: watched.child.tend() or watched.child.process)
    assert watched.pid != first


def test_pause_grows_with_each_quick_end(watch):
    watched = watch("raise SystemExit(3)")
    pauses = []
    for _ in range(7):
        pauses.append(re.findall(r"volta em (\d+) s", watched.sentence())[0])
        watched.child.due_at = 0
        watched.child.tend()
    assert pauses == ["1", "2", "4", "8", "16", "30", "30"]


def test_child_that_may_end_stays_ended_after_a_good_end(watch):
    watched = watch("pass", may_end=True)
    assert watched.sentence() is None
    assert watched.child.tend() is None
    assert watched.child.process is None


def test_what_a_killed_child_started_goes_with_it(watch):
    started = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '{SLEEP}']).pid, flush=True)"
    )
    watched = watch(f"{started}; {SLEEP}")
    assert eventually(lambda: watched.output.relay(0.05) or watched.lines)
    grandchild = int(watched.lines[0])
    os.kill(watched.pid, signal.SIGKILL)
    watched.sentence()
    assert eventually(lambda: not alive(grandchild))


def test_children_end_when_the_supervisor_is_killed():
    code = f"""
import sys, time
from carinho.supervision.child import Child, Part
child = Child(Part("parte", [sys.executable, "-c", "{SLEEP}"]), {{}}, lambda fd: None)
child.start()
print(child.process.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not alive(pid))


def test_output_is_passed_on_line_by_line_to_the_last_unfinished_one(watch):
    watched = watch("import sys; sys.stdout.write('first\\n\\nsecond\\nlast')")
    watched.wait_for("last")
    assert watched.lines == ["first", "second", "last"]


def test_leftovers_of_the_same_folder_are_ended_and_others_spared(tmp_path):
    def sleeper(folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", SLEEP], env={**os.environ, MARK: folder})

    left, other = sleeper(str(tmp_path)), sleeper(f"{tmp_path}-other")
    try:
        assert eventually(lambda: end_leftovers(tmp_path) == 1)
        assert not alive(left.pid)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        left.wait()


@pytest.mark.parametrize("text", ["abc", "0", "70000", "-1", "8000.5"])
def test_port_that_is_none_is_refused(text):
    with pytest.raises(CannotStart, match="não é uma porta"):
        checks.port({"PORT": text})


def test_busy_port_is_refused_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"porta {number} já está em uso.*PORT="):
            checks.port({"PORT": str(number)})


def test_simulator_gets_another_port_than_the_hub():
    first = checks.free_port()
    assert checks.free_port(taken=first) != first


def test_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="Não é possível gravar"):
        checks.room_to_write(tmp_path / "file" / "var")


def test_full_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(CannotStart, match="está cheio"):
        checks.room_to_write(tmp_path)


def test_second_supervisor_of_a_folder_is_refused(tmp_path):
    with checks.only_one(tmp_path), pytest.raises(CannotStart, match="já está no ar"):
        checks.only_one(tmp_path)
    checks.only_one(tmp_path).close()


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


def test_banner_shows_the_key_in_the_line_that_sends_a_lead():
    key = "AbCdEf12." + "x" * 32
    env = {"PORT": "8001", "VAR_DIR": "/other place", "SIMULATOR_URL": "http://127.0.0.1:8101"}
    text = banner(8001, 8101, f"admin\n{key}", env)
    assert f"curl -X POST http://127.0.0.1:8001/api/events -H 'X-API-Key: {key}'" in text
    assert "PORT=8001 VAR_DIR='/other place' SIMULATOR_URL=http://127.0.0.1:8101" in text


def test_banner_without_a_simulator_offers_no_fault():
    text = banner(
        8000, None, "", {"PORT": "8000", "VAR_DIR": "var", "SIMULATOR_URL": "http://simulator.test"}
    )
    assert "simulate" not in text
