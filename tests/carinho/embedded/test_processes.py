"""The processes that the supervisor starts, watches and ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from carinho.embedded.output import Lines, Output
from carinho.embedded.processes import MARK, ROOT, Child, Program, end_orphans
from tests.processes import alive, eventually

SLEEP = "import time; time.sleep(600)"


class Watched:
    """A child that runs this Python code, and the lines it printed."""

    def __init__(self, code: str, *, may_end: bool = False) -> None:
        self.lines: list[str] = []
        self.output = Output()
        part = Program("parte", [sys.executable, "-c", code], may_end)
        self.child = Child(part, dict(os.environ), lambda fd: self.output.watch(Lines(self.lines.append), fd))
        self.child.start()

    @property
    def pid(self) -> int:
        assert self.child.process
        return self.child.process.pid

    def wait_for(self, text: str) -> None:
        assert eventually(lambda: self.output.relay(0.05) or text in self.lines), self.lines

    def sentence(self) -> str | None:
        """What polling says once the process has ended."""
        assert eventually(self.child.gone)
        return self.child.poll()


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
    assert eventually(lambda: watched.child.poll() or watched.child.process)
    assert watched.pid != first


def test_pause_grows_with_each_quick_end(watch):
    watched = watch("raise SystemExit(3)")
    pauses = []
    for _ in range(7):
        pauses.append(re.findall(r"volta em (\d+) s", watched.sentence())[0])
        watched.child.due_at = 0
        watched.child.poll()
    assert pauses == ["1", "2", "4", "8", "16", "30", "30"]


def test_child_that_may_end_stays_ended_after_a_good_end(watch):
    watched = watch("pass", may_end=True)
    assert watched.sentence() is None
    assert watched.child.poll() is None
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
from carinho.embedded.processes import Child, Program
child = Child(Program("parte", [sys.executable, "-c", "{SLEEP}"]), {{}}, lambda fd: None)
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


def test_orphans_of_the_same_folder_are_ended_and_others_spared(tmp_path):
    def sleeper(folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", SLEEP], env={**os.environ, MARK: folder})

    left, other = sleeper(str(tmp_path)), sleeper(f"{tmp_path}-other")
    try:
        assert eventually(lambda: end_orphans(tmp_path) == 1)
        assert not alive(left.pid)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        left.wait()
