"""A whole hub for a journey: the real supervisor with all its parts, and the simulator beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from carinho.embedded.processes import tie_to_parent
from carinho.simulator.client import Simulator, running
from tests.conftest import temporary_var_dir
from tests.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds for things to become true; only what never does takes them all
QUICK = {  # an hour of outage takes some seconds
    "RETRY_WAITS": "1,2,4,8",
    "BREAKER_RESET_SECONDS": "1",
    "BREAKER_RESET_MAX_SECONDS": "2",
    "LEASE_SECONDS": "20",
    "FEEDBACK_DELAY_SECONDS": "1",
    "RATE_LIMIT_PEOPLE": "100000",
    "RATE_LIMIT_EVENTS": "100000",
    "WHATSAPP_QUIET_HOURS": "",
    "WHATSAPP_TRACE_SECONDS": "2",
}


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition to become true and return its value; fails saying what never happened."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.3)  # to ask costs the hub what the journey waits for
    raise AssertionError(f"It never happened that {what}.")


class Hub:
    """The running hub as the world sees it: HTTP, commands, and processes that can be killed."""

    def __init__(self, env: dict[str, str], simulator: Simulator) -> None:
        self.env = env
        self.simulator = simulator
        self.url = f"http://127.0.0.1:{env['PORT']}"
        self.session = requests.Session()
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "carinho.embedded.supervisor"],
            cwd=ROOT,
            env=self.env,
            preexec_fn=tie_to_parent,
        )
        try:
            until(self._is_ready, "the hub was ready")
        except AssertionError:  # nobody else knows of it: it would outlive the tests
            process.terminate()
            process.wait(120)
            raise
        return process

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/ready", timeout=30).ok
        except requests.RequestException:
            return False

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def login(self) -> None:
        scopes = [word for scope in ("read", "events", "operate") for word in ("--scope", scope)]
        self.session.headers["X-API-Key"] = self.command("create_api_key", "journey", *scopes).split()[-1]

    def get(self, path: str, **params: Any) -> Any:
        response = self.session.get(self.url + path, params=params, timeout=120)
        response.raise_for_status()
        return response.json()

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.session.post(self.url + path, json=body, timeout=120)

    def all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Every row of a list, whatever its number of pages."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, limit=200, **params, **({"cursor": cursor} if cursor else {}))
            rows += page["data"]
            cursor = page["next_cursor"]
        return rows

    def kill(self, *words: str) -> None:
        """kill -9 of the supervisor's children whose command line holds these words, with their children."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if all(word in " ".join(child.cmdline()) for word in words):
                    child.kill()
            except psutil.NoSuchProcess:
                continue

    def kill_everything(self) -> None:
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for child in children:
            if child.is_running() and "postgres" not in child.name():
                child.send_signal(signal.SIGKILL)
        self.process.wait()

    def start_again(self) -> None:
        self.process = self._start()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(120)


@contextmanager
def hub(**env: str) -> Iterator[Hub]:
    """A hub of its own on free ports, ended and removed afterwards."""
    with temporary_var_dir() as var_dir, running() as simulator:
        own = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "DEMO")
        }
        port = str(free_port())
        made = Hub(
            own
            | QUICK
            | {"VAR_DIR": str(var_dir), "PORT": port, "DEMO": "0", "SIMULATOR_URL": simulator.url}
            | env,
            simulator,
        )
        try:
            made.login()
            yield made
        finally:
            made.stop()
