"""A synchronisation of many records, from systems that take 20 ms: its speed, and what a second run writes.

`measure` prepares the other systems and runs the job twice in a process of its own, whose peak it tells.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from carinho.simulator.client import Simulator
from tests.bench.group import ROOT

JOB = "sync.cuidadores_crm"
RECORDS = 20_000
ANSWER_MS = 20
LOADED_AT_ONCE = 10_000
ALWAYS_NEW = "2999-01-01T00:00:00-03:00"  # so that the second run reads every record again
KIB_PER_MB = 1000


def measure(env: Mapping[str, str], simulator: Simulator, records: int = RECORDS) -> dict[str, float]:
    """Records a second of the first run, calls that wrote in the second, megabytes at the peak.

    `env` leads to a migrated database and to this simulator. Raises `CalledProcessError`.
    """
    load(simulator, records)
    for system in ("crm", "cuidadores"):
        simulator.fault(system, slow=ANSWER_MS)
    first = run(env)
    before = writes(simulator)
    second = run(env)
    for system in ("crm", "cuidadores"):
        simulator.heal(system)
    return {
        "sync": first["read"] / first["seconds"],
        "sync_second_writes": writes(simulator) - before,
        "sync_second": second["read"] / second["seconds"],
        "sync_peak": max(first["peak"], second["peak"]),
    }


def load(simulator: Simulator, records: int) -> None:
    for start in range(1, records + 1, LOADED_AT_ONCE):
        numbers = range(start, min(start + LOADED_AT_ONCE, records + 1))
        simulator.load({"cuidadores": {"caregivers": [caregiver(number) for number in numbers]}})


def caregiver(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Cuidadora {number}",
        "phone": f"55119{number:08d}",
        "city": "São Paulo",
        "active": True,
        "updated_at": ALWAYS_NEW,
    }


def writes(simulator: Simulator) -> int:
    counts = simulator.counts()["crm"]
    return sum(sum(ends.values()) for call, ends in counts.items() if not call.startswith("GET"))


def run(env: Mapping[str, str]) -> dict[str, float]:
    """One run with the comparison after it, in a process that does nothing else."""
    command = [sys.executable, "-m", "tests.bench.syncs"]
    named = {**env, "DJANGO_SETTINGS_MODULE": "carinho.settings"}
    done = subprocess.run(command, cwd=ROOT, env=named, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def run_here() -> dict[str, float]:
    from sync import worker

    ended = worker.run_scheduled(JOB)
    if ended is None or ended.status != "done":
        raise SystemExit(f"The run ended {ended and ended.status}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MB
    return {"read": ended.read, "seconds": ended.duration.total_seconds(), "peak": peak}


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(run_here()))
