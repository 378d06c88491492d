"""The whole hub in the foreground, in one terminal, ended by one Ctrl-C.

honcho ends everything when one part ends, and starts nothing again. circus and supervisor start again, but
neither ties its children to itself (kill -9 of either leaves them all running), ends the database after those
who still write to it, or runs steps that must succeed first; supervisor gives up after a few quick ends, and
circus brings an event loop and a message queue of its own. What is needed is small, so it is here.
"""

import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import environ

from carinho.embedded import broker, preflight, processes
from carinho.embedded.output import Lines, Output, banner, say
from carinho.embedded.postgres import Server
from carinho.embedded.preflight import CannotStart
from carinho.embedded.processes import MARK, ROOT, Child, Program, end_orphans
from carinho.embedded.wheel import PostgresError

POLL_SECONDS = 0.1
READY_SECONDS = 30.0
ANSWER_SECONDS = 1.0
SECONDS_TO_END = {"banco": 6.0, "simulador": 1.0}
SECONDS_TO_END_WORK = 7.0  # an idle Celery takes six; a call still under way is given back by its lease
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """Ctrl-C or a signal asked for the end."""


class Supervisor:
    """The children of one VAR_DIR, in the order they were started; they are ended in the opposite one."""

    def __init__(self, env: dict[str, str], simulator_port: int | None) -> None:
        self.env = env
        self.port = int(env["PORT"])
        self.simulator_port = simulator_port
        self.output = Output()
        self.stages: list[list[Child]] = []
        self.asked = False
        self.server = Server(Path(env["VAR_DIR"])) if not is_given(env, "DATABASE_URL") else None

    def run(self) -> int:
        """Start, watch, end. 0 when asked to end, 1 when the start failed."""
        try:
            self._start_database()
            facts = self._prepare()
            self._start_processes(facts)
            self._announce(facts["made"])
            for warning in facts["warnings"]:
                say(f"Atenção: {warning}")
            if facts["demo"]:
                self._start(processes.demo())
            while True:
                self._poll()
        except StopRequested:
            return 0
        except (CannotStart, PostgresError) as error:
            say(str(error))
            return 1
        finally:
            self._end()

    def on_signal(self, number: int, _: FrameType | None) -> None:
        """The first asks for an orderly end; the next kills."""
        if self.asked:
            for child in self._children():
                child.kill()
            if self.server:
                self.server.stop_at_once()
            os._exit(128 + number)
        self.asked = True

    def _start_database(self) -> None:
        if self.server is None:
            return
        (child,) = self._start(processes.database(self.server.var_dir))
        while not (url := self.server.url()):
            self._wait()
            if child.gone():
                raise CannotStart("O banco embutido não iniciou.")
        self.env["DATABASE_URL"] = url

    def _prepare(self) -> dict[str, Any]:
        """The facts that the preparation printed. Raises CannotStart with its error."""
        said: list[str] = []
        pipe = Lines(said.append)
        (child,) = self._start(processes.preparation(), listen=partial(self.output.watch, pipe))
        while not (child.gone() and pipe.ended):
            self._wait()
        self.stages.pop()
        if child.process is None or child.process.returncode:
            raise CannotStart("\n".join(said) or "O preparo do banco foi interrompido.")
        facts: dict[str, Any] = json.loads(said[-1])
        return facts

    def _start_processes(self, facts: dict[str, Any]) -> None:
        if self.simulator_port and facts["simulated"]:
            self._start(processes.simulator(self.simulator_port))
        else:
            self.simulator_port = None
        self._start(*processes.working_programs(self.port))

    def _start(self, *wanted: Program, listen: Callable[[int], None] | None = None) -> list[Child]:
        show = self.output.show
        stage = [Child(program, self.env, listen or partial(show, program.name)) for program in wanted]
        self.stages.append(stage)
        for child in stage:
            child.start()
        return stage

    def _announce(self, made: str) -> None:
        late_at = time.monotonic() + READY_SECONDS
        while lacking := missing(self.port):
            self._poll()
            if time.monotonic() > late_at:
                say(f"Ainda não está pronto: {lacking}")
                late_at += READY_SECONDS
        say(banner(self.port, self.simulator_port, made, self.env))

    def _wait(self) -> None:
        self.output.relay(POLL_SECONDS)
        if self.asked:
            raise StopRequested

    def _poll(self) -> None:
        self._wait()
        for child in self._children():
            if sentence := child.poll():
                say(sentence)

    def _children(self) -> Iterator[Child]:
        return (child for stage in self.stages for child in stage)

    def _end(self) -> None:
        self.asked = True
        for stage in reversed(self.stages):
            self._end_stage(stage)
        if self.server:
            self.server.stop_at_once()

    def _end_stage(self, stage: list[Child]) -> None:
        for child in stage:
            child.terminate()
        deadline = time.monotonic() + SECONDS_TO_END.get(stage[0].program.name, SECONDS_TO_END_WORK)
        while not all(child.gone() for child in stage) and time.monotonic() < deadline:
            self.output.relay(POLL_SECONDS)
        for child in stage:
            child.kill()


def missing(port: int) -> str | None:
    """What /ready says is missing, None when it answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/ready", headers={"Accept": "application/json"})
        response = connection.getresponse()
        return None if response.status == 200 else detail(response.read())
    except (OSError, http.client.HTTPException) as error:
        return f"a porta {port} não responde ({error})."
    finally:
        connection.close()


def detail(body: bytes) -> str:
    """The sentence in an answer of the hub, or the start of what is none."""
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")


def is_given(env: Mapping[str, str], name: str) -> bool:
    return bool(env.get(name) or env.get(f"{name}_FILE"))


def environment(var_dir: Path) -> tuple[dict[str, str], int | None]:
    """What the children see, and the port of a simulator to start. Raises CannotStart if no port is free."""
    port = preflight.port(os.environ)
    env = {"DEMO": "1", "LOG_LEVEL": "WARNING", **os.environ, "PYTHONUNBUFFERED": "1"}
    env |= {"VAR_DIR": str(var_dir), "PORT": str(port), MARK: str(var_dir)}
    if not is_given(env, "SECRET_KEY"):
        env["SECRET_KEY"] = preflight.secret_key(var_dir)
    if env.get("SIMULATOR_URL"):
        return env, None
    simulator_port = preflight.free_port(taken=port)
    return env | {"SIMULATOR_URL": f"http://127.0.0.1:{simulator_port}"}, simulator_port


def clear(var_dir: Path) -> None:
    """Nothing of an earlier run is in the way: no process, no half-written message."""
    if count := end_orphans(var_dir):
        say(f"Encerrados {count} processos que a execução anterior deixou.")
    if not is_given(os.environ, "CELERY_BROKER_URL"):
        broker.clear(var_dir)


def supervise() -> int:
    var_dir = Path(os.environ.get("VAR_DIR") or ROOT / "var").absolute()
    preflight.room_to_write(var_dir)
    with preflight.only_one(var_dir):
        clear(var_dir)
        supervisor = Supervisor(*environment(var_dir))
        for number in SIGNALS:
            signal.signal(number, supervisor.on_signal)
        say("Iniciando… (a primeira vez leva alguns segundos a mais)")
        return supervisor.run()


def main() -> int:
    """0 after an orderly end, 1 if the start failed, 2 if there is no starting here."""
    if (ROOT / ".env").exists():
        environ.Env.read_env(ROOT / ".env")
    try:
        return supervise()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
