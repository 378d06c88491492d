"""One part as a child process: started, watched, started again after a growing pause, ended with its own."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds
STEADY_SECONDS = 60.0  # a child that ran this long earns the first pause again
PR_SET_PDEATHSIG = 1
ROOT = Path(__file__).resolve().parent.parent.parent
libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Part:
    """What a child runs. One that `may_end` is not started again after it ended well."""

    name: str
    command: Sequence[str]
    may_end: bool = False


def tie_to_parent() -> None:
    """Between fork and exec: the child gets SIGTERM when the supervisor is gone, even if it was killed."""
    if libc is not None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A part and the process that runs it at the moment; its process group holds whatever that one starts.

    `listen` is given the pipe of each new process's output.
    """

    def __init__(self, part: Part, env: Mapping[str, str], listen: Callable[[int], None]) -> None:
        self.part = part
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
                self.part.command,
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

    def tend(self) -> str | None:
        """Notice an end, start again what is due; the sentence to say about it, if any."""
        if self.process is not None and self.process.poll() is not None:
            return self._ended(self.process.returncode)
        if self.due_at is not None and time.monotonic() >= self.due_at:
            self.start()
        return None

    def _ended(self, code: int) -> str | None:
        self.kill()
        self.process = None
        if self.part.may_end and code == 0:
            return None
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        self.due_at = time.monotonic() + self.pause
        sentence = f"{self.part.name} parou ({reason(code)}); volta em {self.pause:.0f} s."
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
