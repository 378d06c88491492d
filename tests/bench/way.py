"""A measured system with everything it needs: its own database, processes, ports and folder."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import psycopg

from carinho.embedded.postgres import Server
from tests.bench import load
from tests.bench.group import ROOT, Group, cpu_seconds, free_ports, kill_family, listens
from tests.bench.load import Answer, Target
from tests.bench.sample import Sample, payment_received
from tests.bench.sink import Sink

PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.05
LEASE_SECONDS = 20  # all ways give a dead worker's work back after this time
WARM_UP = 60
LINES = 16  # concurrent HTTP clients
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class BenchError(Exception):
    """The measurement cannot go on; the text says what did not happen."""


class Way(ABC):
    """One of the measured systems. Its parts are started and ended apart, so that each can be missing."""

    name: ClassVar[str]
    events_table: ClassVar[str]
    unfinished: ClassVar[str]  # SQL: a row for each delivery that is still to be made
    has_broker: ClassVar[bool] = True  # beside the database
    needs_broker: ClassVar[bool]  # whether work is gone for good with the broker's messages

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="carinho-bench-"))
        self.folder.chmod(0o755)  # PostgreSQL's own account has to reach its data
        self.server = Server(self.folder)
        self.numbers = itertools.count(1)
        self.groups: dict[str, Group] = {}
        self.web_port, self.sink_port, self.broker_port = free_ports(3)
        self.sink = Sink(self.sink_port)

    # --- what a subclass says ---------------------------------------------------------------------

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What its processes see beside the usual."""

    @abstractmethod
    def prepare(self) -> str:
        """Make the tables; returns an API key."""

    @abstractmethod
    def web_command(self) -> list[str]: ...

    @abstractmethod
    def start_worker(self) -> None: ...

    @abstractmethod
    def forget_messages(self) -> None:
        """Empty the broker."""

    @abstractmethod
    def kill_broker(self) -> None:
        """kill -9 of the broker, and of the messages it holds."""

    def dead(self) -> set[tuple[str, int]]:
        """Deliveries that were put before a person: system and number of the event."""
        return set()

    @abstractmethod
    def start_broker(self) -> None: ...

    # --- its life ---------------------------------------------------------------------------------

    def start(self) -> None:
        self.url = self.server.start()
        self.env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.env |= {
            "VAR_DIR": str(self.folder),
            "SIMULATOR_URL": self.sink.url,
            "PYTHONUNBUFFERED": "1",
        }
        self.env |= self.environment()
        self.run("sink", [sys.executable, "-m", "tests.bench.sink", str(self.sink_port)])
        self.start_broker()
        self.target = Target(self.web_port, self.prepare())
        self.start_web()
        self.start_worker()

    def run(self, name: str, command: Iterable[str]) -> None:
        self.groups[name] = Group(list(command), self.env, self.folder / f"{name}.log")

    def ask(self, *command: str) -> str:
        """What a Python command prints. Raises BenchError."""
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def start_web(self) -> None:
        self.run("web", self.web_command())

    def stop_worker(self) -> None:
        for name in ("worker", "beat"):
            if name in self.groups:
                self.groups.pop(name).end()

    def warm_up(self) -> None:
        """Connections are open, code is loaded, caches are filled."""
        self.until(self._answers, "web answers")
        self.flood(payment_received, WARM_UP)
        self.until_done()

    def _answers(self) -> bool:
        try:
            load.flood(self.target, self.events(payment_received, 1), 1)
            return True
        except (OSError, load.LoadError):
            if self.groups["web"].process.poll() is not None:
                raise BenchError(f"{self.name}: web ended.\n{self.last_words('web')}") from None
            return False

    def last_words(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()[-3000:]

    def end(self) -> None:
        for name in list(self.groups):
            self.groups.pop(name).end()
        self.server.stop()
        shutil.rmtree(self.server.data, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self, *, broker: bool) -> None:
        """kill -9 of all but the systems around; the broker with what it holds, if asked for."""
        for name in ("web", "worker", "beat"):
            if name in self.groups:
                self.groups.pop(name).kill()
        kill_family(self.postgres_pid())
        if broker:
            self.kill_broker()

    def start_again(self) -> None:
        self.server.start()
        if "broker" not in self.groups:
            self.start_broker()
        self.start_web()
        self.start_worker()
        self.until(partial(listens, self.web_port), "web listened again")

    def clear(self) -> None:
        """No event, no message, no memory of calls; the worker stays warm."""
        self.query(f"TRUNCATE {self.events_table} CASCADE")
        self.forget_messages()
        self.sink.reset()

    # --- what is asked of it ----------------------------------------------------------------------

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def events(self, sample: Sample, count: int) -> Iterator[load.Numbered]:
        for number in itertools.islice(self.numbers, count):
            yield number, sample(number)

    def flood(self, sample: Sample, count: int) -> list[Answer]:
        return load.flood(self.target, self.events(sample, count), LINES)

    def until_done(self, seconds: float = PATIENCE_SECONDS) -> float:
        """Wait until no delivery is left; the time when that was seen. Raises BenchError."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            self.until(lambda: not self._is_unfinished(connection), "all deliveries were done", seconds)
        return time.time()

    def _is_unfinished(self, connection: psycopg.Connection) -> bool:
        [(unfinished,)] = connection.execute(f"SELECT EXISTS ({self.unfinished})").fetchall()  # type: ignore[call-overload]
        return unfinished

    def until(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                said = self.last_words("worker")
                raise BenchError(f"{self.name}: not within {seconds:.0f} s: {what}.\n{said}")
            time.sleep(LOOK_SECONDS)

    def postgres_pid(self) -> int:
        return int((self.server.data / "postmaster.pid").read_text().split()[0])

    def cpu(self) -> dict[str, float]:
        """CPU seconds used so far, by part."""
        return {name: cpu_seconds(pid) for name, pid in self.pids().items()}

    def pids(self) -> dict[str, int]:
        """The first process of each part."""
        return {name: group.process.pid for name, group in self.groups.items()} | {
            "postgres": self.postgres_pid()
        }


class TunedWay(Way):
    """One whose number of worker processes is tried out at the start of each run.

    `concurrency` is that of the next worker that is started.
    """

    numbers_of_workers: ClassVar[tuple[int, ...]]
    concurrency: int

    def use(self, concurrency: int) -> None:
        """Run this many worker processes."""
        if concurrency != self.concurrency:
            self.stop_worker()
            self.concurrency = concurrency
            self.start_worker()
            self.warm_up()
