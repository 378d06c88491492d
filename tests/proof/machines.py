"""Workers on machines of their own: the cable of one is pulled in the middle, and plugged in again later.

    python -m tests.proof.machines

As root on Linux with Debian's PostgreSQL, Redis and nginx (installed when missing): the server of
docker-compose.yml (tests/server/hub.py), each worker in a network namespace of its own. Prints one line for
each figure; exit code 1 if anything was lost or doubled, or if nothing was left to do when it was pulled.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from tests import figures
from tests.bench.group import ROOT
from tests.journeys import test_events as journeys
from tests.journeys.hub import QUICK
from tests.server import network
from tests.server.hub import ServerHub, server_hub

EVENTS = 300
SLOW_MS = 200  # of every system, so that the cable is pulled in the middle
PATIENCE = 300  # seconds
LEFT = "deliveries left when the cable was pulled"
MUST_BE_0 = ("unfinished", "lost", "doubled to a person", "doubled in CRM")
HOLDER = """
SELECT host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND host(client_addr) = ANY(%s) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1
"""
DONE = "SELECT count(*) FROM events_delivery WHERE status = 'done'"
UNFINISHED = "SELECT count(*) FROM events_delivery WHERE status IN ('waiting', 'queued', 'running')"
IN_DOUBT = "SELECT count(*) FROM events_deadletter WHERE status = 'open' AND service = 'whatsapp'"


class MachinesHub(ServerHub):
    """Its workers are on other machines than all else."""

    address = network.HUB

    def prefix_of(self, name: str) -> Sequence[str]:
        return network.command_prefix(name) if name in network.MACHINES else ()

    def ask(self, statement: str, *given: Any) -> Any:
        with psycopg.connect(self.env["DATABASE_URL"], autocommit=True) as connection:
            return (connection.execute(statement, given).fetchone() or [None])[0]


def main() -> int:
    if not network.is_allowed():
        print("This machine allows no network namespaces.", file=sys.stderr)
        return 2
    subprocess.run([ROOT / "tests" / "server" / "install"], check=True)
    with network.connected(), server_hub(MachinesHub) as hub:
        found = cut_off(hub)
    for name, value in found.items():
        print(f"{name}: {value}")
    figures.write("machines", found)
    holds = found[LEFT] > 0 and not any(found[name] for name in MUST_BE_0)
    print("All of it holds." if holds else "This does not hold.")
    return 0 if holds else 1


def cut_off(hub: MachinesHub) -> dict[str, Any]:
    for system in ("crm", "marketing", "zapi"):
        hub.simulator.fault(system, slow=SLOW_MS)
    journeys.post(hub, *[journeys.lead(number) for number in range(EVENTS)])
    wait(lambda: hub.ask(DONE) > EVENTS / 10)
    holder = hub.ask(HOLDER, list(network.MACHINES.values()))
    machine = next(name for name, address in network.MACHINES.items() if address == holder)
    network.cut_off(machine)
    began = time.monotonic()
    left = hub.ask(UNFINISHED)
    wait(lambda: not hub.ask(UNFINISHED))
    took = time.monotonic() - began
    network.connect_again(machine)
    time.sleep(15)  # what it still held would go out now
    leads, messages = journeys.phones(hub.simulator), journeys.messages(hub.simulator)
    asked = hub.ask(IN_DOUBT)
    return {
        "events": EVENTS,
        LEFT: left,
        "seconds until all was done": round(took, 1),
        "lease seconds": int(QUICK["LEASE_SECONDS"]),
        "unfinished": hub.ask(UNFINISHED),
        "lost": EVENTS - len(leads) + max(0, EVENTS - len(messages) - asked),
        "put before a person": asked,
        "doubled to a person": sum(messages.values()) - len(messages),
        "doubled in CRM": sum(leads.values()) - len(leads),
    }


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("It did not come to its end.")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
