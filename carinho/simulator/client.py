"""How demo, tests and benchmark speak with a simulator."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from carinho.simulator.client_zapi import ZapiOrders
from carinho.simulator.connection import SimulatorError

__all__ = ["Simulator", "SimulatorError", "running"]

PROJECT = Path(__file__).resolve().parents[2]
SECONDS_TO_END = 5


class Simulator(ZapiOrders):
    """A simulator that runs at `url`. Every method raises SimulatorError."""

    def fault(self, system: str, **fault: Any) -> dict[str, Any]:
        """Switch a fault on in place of the one before; its names are the fields of `faults.Fault`."""
        return self._ask("PUT", f"faults/{system}", json=fault)

    def heal(self, system: str) -> None:
        self._ask("DELETE", f"faults/{system}")

    def faults(self) -> dict[str, dict[str, Any]]:
        return self._ask("GET", "faults")

    def reset(self) -> None:
        """Forget records, counts and faults."""
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
        answer: dict[str, list[dict[str, Any]]] = self._ask(
            "GET", "calls", params={"system": system, "limit": limit}
        )
        return answer["data"]


@contextmanager
def running(port: int = 0) -> Iterator[Simulator]:
    """A simulator in a process group of its own, ready for calls, ended with the block.

    0 is any free port. Raises SimulatorError if it does not start.
    """
    command = [sys.executable, "-m", "carinho.simulator", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield Simulator(_address(process))
    finally:
        _end(process)


def _address(process: subprocess.Popen[str]) -> str:
    """The address it prints when it is ready."""
    said = process.stdout.readline() if process.stdout else ""
    _, found, address = said.strip().partition("Simulator: ")
    if not found:
        raise SimulatorError("The simulator did not start.")
    return address


def _end(process: subprocess.Popen[str]) -> None:
    with process:
        if process.poll() is not None:
            return
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
