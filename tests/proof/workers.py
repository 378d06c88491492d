"""Two workers and one, two or four lanes a system: what these bring, and what becomes of a cut off worker.

    python -m tests.proof.workers

For each number of lanes (LANE_PARTITIONS): events for one system pile up while it is paused, and are then
delivered by two workers on one database, each a process group of its own. The attempts say whether the system
got more calls at once than it allows, and whether each person's were in order.

With four lanes the worker without beat is then stopped in the middle (SIGSTOP: its connections live, it does
nothing), until the other one has done everything, and let go on.
"""

import argparse
import sys
import time
from typing import Any

from carinho.embedded import processes
from tests import figures
from tests.bench.crash import calls_made
from tests.bench.group import family
from tests.bench.hub_way import HubWay
from tests.bench.runs import declared_lanes, running
from tests.bench.sample import PAYMENT_STEPS, payment_received, payout_processed
from tests.bench.way import LEASE_SECONDS
from tests.proof.chaos import go_on, stop

LANES = (1, 2, 4)
SYSTEM = "cuidadores"
WORKERS = ("worker", "second worker")
FEW = 300  # events while one worker is cut off; Z-API's journal has them all
SLOW_MS = 200  # of every system meanwhile, so that it is cut off in the middle
PAUSE = f"UPDATE events_circuitbreaker SET paused_at = {{}} WHERE service = '{SYSTEM}'"

ATTEMPTS = """
SELECT service, subject, event_id, started_at, started_at + duration_ms * interval '1 ms' AS ended_at
FROM events_attempt JOIN events_delivery AS delivery ON delivery.id = delivery_id
WHERE outcome <> 'unknown'  -- one that recovery wrote lasts as long as its lease did
"""
A_SECOND = f"SELECT count(*) / extract(epoch FROM max(ended_at) - min(started_at)) FROM ({ATTEMPTS})"
AT_ONCE = f"""
WITH attempt AS ({ATTEMPTS}), edge AS (
    SELECT service, started_at AS at, 1 AS change FROM attempt
    UNION ALL SELECT service, ended_at, -1 FROM attempt
)
SELECT service, max(calls) FROM (
    SELECT service, sum(change) OVER (PARTITION BY service ORDER BY at, change) AS calls FROM edge
) GROUP BY 1
"""
OUT_OF_ORDER = f"""
SELECT count(*) FROM (
    SELECT started_at, lag(ended_at) OVER person AS free_at FROM ({ATTEMPTS}) WHERE subject <> ''
    WINDOW person AS (PARTITION BY service, subject ORDER BY event_id, started_at)
) WHERE started_at < free_at
"""


class SharedHub(HubWay):
    """The hub with two workers and so many lanes a system."""

    def __init__(self, lanes: int) -> None:
        super().__init__()
        self.lanes = lanes

    def environment(self) -> dict[str, str]:
        return super().environment() | {"LANE_PARTITIONS": str(self.lanes)}

    def start_worker(self) -> None:
        super().start_worker()
        self.run(WORKERS[1], processes.worker().command)


def main() -> int:
    options = _options()
    found: dict[str, dict[str, Any]] = {}
    for lanes in LANES:
        with running(SharedHub(lanes)) as way:
            found[f"lanes {lanes}"] = backlog(way, options.events)
            if lanes == LANES[-1]:
                found["cut off"] = cut_off(way)
    for name, values in found.items():
        print(f"{name:8} " + ", ".join(f"{what} {value}" for what, value in values.items()))
    figures.write("workers", found)
    must_be_0 = ("over the limits", "out of order", "lost", "doubled to a person")
    wrong = any(values.get(name) for values in found.values() for name in must_be_0)
    print("This does not hold." if wrong else "All of it holds.")
    return 1 if wrong else 0


def backlog(way: SharedHub, events: int) -> dict[str, Any]:
    """How fast what piled up for one system is delivered, all lanes being at work."""
    way.clear()
    way.query(PAUSE.format("now()"))
    way.flood(payout_processed, events)
    time.sleep(10)  # its lanes are woken up, and listen
    spent = way.cpu()
    way.query(PAUSE.format("NULL"))
    way.until_done(600)
    used = {name: seconds - spent.get(name, 0.0) for name, seconds in way.cpu().items()}
    [(per_second,)] = way.query(A_SECOND)
    return {
        "deliveries": events,
        "deliveries a second": round(float(per_second), 1),
        "worker CPU ms a delivery": round(sum(used[name] for name in WORKERS) / events * 1000, 2),
        "PostgreSQL CPU ms a delivery": round(used["postgres"] / events * 1000, 2),
        **_limits_and_order(way),
    }


def _limits_and_order(way: SharedHub) -> dict[str, Any]:
    lanes = declared_lanes(way)
    at_once = {name: int(calls) for name, calls in way.query(AT_ONCE)}
    [(out_of_order,)] = way.query(OUT_OF_ORDER)
    return {
        "calls at once": at_once,
        "over the limits": sum(calls > lanes[name].threads for name, calls in at_once.items()),
        "out of order": out_of_order,
    }


def cut_off(way: SharedHub) -> dict[str, Any]:
    """Stop the one without beat, of which a server has one, beside its workers."""
    way.clear()
    way.sink.answer_after(SLOW_MS)
    way.flood(payment_received, FEW)
    stopped = family(way.groups[WORKERS[1]].process.pid)
    stop(stopped)
    began = time.monotonic()
    try:
        way.until_done(LEASE_SECONDS + 180)
        took = time.monotonic() - began
    finally:
        go_on(stopped)
    time.sleep(10)  # what it still held would go out now
    made = calls_made(way)
    asked = way.dead() - set(made)
    return {
        "events": FEW,
        "seconds until all was done": round(took, 1),
        "lease seconds": LEASE_SECONDS,
        "lost": PAYMENT_STEPS * FEW - len(made) - len(asked),
        "put before a person": len(way.dead()),
        "doubled to a person": sum(times - 1 for (system, _), times in made.items() if system == "zapi"),
        "repeated under their key": sum(times - 1 for (system, _), times in made.items() if system != "zapi"),
        **_limits_and_order(way),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.workers", description=__doc__)
    parser.add_argument("--events", type=int, default=4_000, help="for each number (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
