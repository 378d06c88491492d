"""How the demo, tests and the benchmark talk to a simulator."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from carinho.simulator import ADDRESS, HOST

PROJECT = Path(__file__).resolve().parents[2]
SECONDS_TO_ANSWER = 30
SECONDS_TO_END = 5
SECONDS_BETWEEN_POLLS = 0.05


class SimulatorError(Exception):
    """The simulator does not run, or refused; the text is one sentence for whoever asked."""


class Simulator:
    """A simulator that runs at `url`. Every method raises SimulatorError."""

    def __init__(self, url: str = ADDRESS) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment has no way to this machine

    def fault(self, system: str, **fault: Any) -> dict[str, Any]:
        """Switch a fault on in place of the one before; its names are the fields of `faults.Fault`."""
        return self._ask("PUT", f"faults/{system}", json=fault)

    def heal(self, system: str) -> None:
        self._ask("DELETE", f"faults/{system}")

    def deviate(self, system: str, name: str = "", call: str = "") -> None:
        """Answer one call in another way; the names are those of `deviations.DEVIATIONS`."""
        self._ask("PUT", f"deviations/{system}", json={"name": name, "call": call})

    def faults(self) -> dict[str, dict[str, Any]]:
        return self._ask("GET", "faults")

    def reset(self) -> None:
        self._ask("POST", "reset")

    def load(self, world: dict[str, dict[str, Any]]) -> None:
        """Add records by system and table: `{"crm": {"contracts": [...], "missing_clients": [7]}}`."""
        self._ask("POST", "load", json=world)

    def state(self) -> dict[str, dict[str, Any]]:
        """By system: `records`, `calls`, `writes` and `repeats` by idempotency key, `fault`."""
        return self._ask("GET", "state")

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """By system, call and outcome; cheap to ask often."""
        return self._ask("GET", "counts")

    def calls(self, system: str, limit: int = 1_000) -> list[dict[str, Any]]:
        """The last calls of a system, newest first."""
        return self._ask("GET", "calls", params={"system": system, "limit": limit})["data"]

    def zapi_settings(self, **changes: Any) -> dict[str, Any]:
        """Change fields of `settings.Settings`, as in `speed=50`; returns all of them."""
        return self._ask("PUT", "zapi/settings", json=changes)

    def zapi_receive(self, kind: str = "text", **message: Any) -> dict[str, Any]:
        """A person writes; `message` are fields of `contents.Inbound`. Returns `messageId` and `payload`."""
        return self._ask("POST", "zapi/receive", json={"kind": kind, **message})

    def zapi_presence(self, phone: str, status: str = "COMPOSING") -> None:
        self._ask("POST", "zapi/presence", json={"phone": phone, "status": status})

    def zapi_connect(self) -> None:
        """The instance is back, without a QR code. What waits goes out at its pace."""
        self._ask("POST", "zapi/connect")

    def zapi_disconnect(self, **loss: Any) -> None:
        """Lose the connection; `loss` are fields of `session.Loss`."""
        self._ask("POST", "zapi/disconnect", json=loss)

    def zapi_flap(self, times: int = 3, seconds: float = 2) -> None:
        """Lose it and have it back, again and again, with so many seconds between the changes."""
        self._ask("POST", "zapi/flap", json={"times": times, "seconds": seconds})

    def zapi_phone(self, *, online: bool) -> None:
        """The smartphone has internet or not; the instance stays connected."""
        self._ask("POST", "zapi/phone", json={"online": online})

    def zapi_pair(self, code: str | None = None) -> None:
        """Scan the QR code that was shown last, or type a phone code. Refused when it is no longer valid."""
        self._ask("POST", "zapi/pair", json={"code": code})

    def zapi_webhook_fault(self, kind: str, **only: Any) -> None:
        """Spoil callbacks from now on; `only` are fields of `faults.WebhookFault`."""
        self._ask("POST", "zapi/webhook-faults", json={"kind": kind, **only})

    def zapi_outcome(self, error: str, **only: Any) -> None:
        """What WhatsApp says of the next messages; `only` are fields of `faults.SendOutcome`."""
        self._ask("POST", "zapi/outcomes", json={"error": error, **only})

    def zapi_chaos(self, seed: int = 1, **rates: float) -> dict[str, Any]:
        """Faults at random; `rates` are fields of `faults.Chaos` and replace its defaults."""
        return self._ask("PUT", "zapi/chaos", json={"seed": seed, **rates})

    def zapi_heal(self) -> None:
        """End webhook faults, outcomes and chaos; `heal("zapi")` ends the fault of its calls."""
        self._ask("POST", "zapi/heal")

    def zapi_truth(self) -> dict[str, Any]:
        """`messages` by message id, and `people`: phone → text → how often the person received it."""
        return self._ask("GET", "zapi/truth")

    def zapi_callbacks(self, limit: int = 1_000, **only: str) -> list[dict[str, Any]]:
        """Callbacks that were sent, newest first, with their answers; `type=` and `message=` select."""
        return self._ask("GET", "zapi/callbacks", params={"limit": limit, **only})["data"]

    def zapi_pending(self) -> dict[str, int]:
        """What is still under way: `queue`, and `tasks` (messages on their way and callbacks)."""
        return self._ask("GET", "zapi/pending")

    def zapi_wait(self, seconds: float = 30) -> bool:
        """Wait until nothing is under way; False if it still is after so many seconds."""
        deadline = time.monotonic() + seconds
        while any(self.zapi_pending().values()):
            if time.monotonic() > deadline:
                return False
            time.sleep(SECONDS_BETWEEN_POLLS)
        return True

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        url = f"{self.url}/_control/{path}"
        try:
            response = self._session.request(method, url, timeout=SECONDS_TO_ANSWER, **content)
        except requests.RequestException as error:
            raise SimulatorError(f"No simulator answers at {self.url}.") from error
        try:
            answer: Any = response.json() if response.content else None
        except ValueError as error:
            raise SimulatorError(f"What answers at {self.url} is no simulator.") from error
        if not response.ok:
            raise SimulatorError(f"The simulator refused: {answer['message']}.")
        return answer


@contextmanager
def running(port: int = 0, host: str = HOST) -> Iterator[Simulator]:
    """A simulator in a process group of its own, ready for calls, ended with the block.

    0 is any free port. Raises SimulatorError if it does not start.
    """
    command = [sys.executable, "-m", "carinho.simulator", "--port", str(port), "--host", host]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        printed = process.stdout.readline() if process.stdout else ""
        _, ready, url = printed.strip().partition("Simulator: ")
        if not ready:
            raise SimulatorError("The simulator did not start.")
        yield Simulator(url)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    with process:
        if process.poll() is not None:
            return
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
