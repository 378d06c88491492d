"""The processes of the hub: what each runs, how it is started and ended, and those that outlive a run."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds
STEADY_SECONDS = 60.0  # a child that ran this long earns the first pause again
PR_SET_PDEATHSIG = 1
ROOT = Path(__file__).resolve().parent.parent.parent
libc = ctypes.CDLL(None) if sys.platform == "linux" else None
MARK = "CARINHO_SUPERVISED"  # in the environment of every child: the VAR_DIR of its run
ORPHAN_SECONDS = 8  # to end in order
PYTHON = sys.executable
WEB_WORKERS = 2


@dataclass(frozen=True)
class Program:
    """What a child runs. One that `may_end` is not started again after it ended well."""

    name: str
    command: Sequence[str]
    may_end: bool = False


def tie_to_parent() -> None:
    """Between fork and exec: the child gets SIGTERM when the supervisor is gone, even if it was killed."""
    if libc is not None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A program and the process that runs it at the moment; its process group holds whatever that one starts.

    `listen` is given the pipe of each new process's output.
    """

    def __init__(self, program: Program, env: Mapping[str, str], listen: Callable[[int], None]) -> None:
        self.program = program
        self.env = env
        self.listen = listen
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.due_at: float | None = None
        self.pause = FIRST_PAUSE

    def start(self) -> None:
        reader, writer = os.pipe()
        try:
            self.process = subprocess.Popen(
                self.program.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                start_new_session=True,  # the terminal's Ctrl-C reaches the supervisor alone
                preexec_fn=tie_to_parent,  # noqa: PLW1509 -- the supervisor has one thread
            )
        finally:
            os.close(writer)
        self.listen(reader)
        self.started_at, self.due_at = time.monotonic(), None

    def poll(self) -> str | None:
        """Look for an end, and restart what is due. Returns a sentence for the operator, or None."""
        if self.process is not None and self.process.poll() is not None:
            return self._ended(self.process.returncode)
        if self.due_at is not None and time.monotonic() >= self.due_at:
            self.start()
        return None

    def _ended(self, code: int) -> str | None:
        self.kill()
        self.process = None
        if self.program.may_end and code == 0:
            return None
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        self.due_at = time.monotonic() + self.pause
        sentence = f"{self.program.name} parou ({reason(code)}); volta em {self.pause:.0f} s."
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return sentence

    def terminate(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def gone(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End the whole group at once, what an ended process left behind included."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def reason(code: int) -> str:
    return f"sinal {-code}" if code < 0 else f"código {code}"


def database(var_dir: Path) -> Program:
    return Program("banco", [PYTHON, "-m", "carinho.embedded.postgres", str(var_dir)])


def preparation() -> Program:
    return Program("preparo", [PYTHON, "-W", "ignore", "-m", "carinho.embedded.prepare"], may_end=True)


def simulator(port: int) -> Program:
    return Program("simulador", [PYTHON, "-m", "carinho.simulator", "--port", str(port)])


def web(port: int) -> Program:
    command = [
        *(PYTHON, "-m", "carinho.granian", "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(WEB_WORKERS), "--no-ws"),
        *("--log-level", "warning", "--respawn-failed-workers", "--workers-kill-timeout", "5"),
        "carinho.rsgi:application",
    ]
    return Program("web", command)


def worker() -> Program:
    command = [
        *(PYTHON, "-W", "ignore::Warning:celery.platforms", "-m", "celery", "-q", "-A", "carinho", "worker"),
        *("--prefetch-multiplier", "1", "-O", "fair"),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return Program("worker", command)


def worker_with_beat() -> Program:
    """Beat is the worker's child and shares its memory: for where there is one worker."""
    return Program("worker", [*worker().command, "--beat"])


def demo() -> Program:
    return Program("exemplo", [PYTHON, str(ROOT / "manage.py"), "demo"], may_end=True)


def working_programs(port: int) -> Iterator[Program]:
    """The processes that send; they are ended before the database and the simulator."""
    yield web(port)
    yield worker_with_beat()


def end_orphans(var_dir: Path) -> int:
    """End what an earlier run in this VAR_DIR left behind; how many processes that were.

    To be called by the holder of this VAR_DIR's lock, who knows that their supervisor is gone. A number
    written down could have become another program's; the mark in their environment cannot.
    """
    found = [process for process in psutil.process_iter() if is_orphan(process, var_dir)]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=ORPHAN_SECONDS)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=ORPHAN_SECONDS)
    return len(found)


def is_orphan(process: psutil.Process, var_dir: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(var_dir)
    except (psutil.Error, OSError):
        return False
