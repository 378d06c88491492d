"""Several workers on one database: what a second one brings, and what becomes of one that is cut off.

    python -m tests.proof.workers

floods the hub (tests/bench) with one worker and with two; then stops one of two in the middle (SIGSTOP: its
connections live, it does nothing) and looks when everything is done all the same, what was doubled to a
person, and whether any system got more calls at once than it allows.
"""

import argparse
import sys
import time
from collections import Counter
from typing import Any

import psutil

from carinho.embedded import processes
from carinho.services.base import Service
from tests import figures
from tests.bench.group import family
from tests.bench.hub_way import HubWay
from tests.bench.runs import running
from tests.bench.sample import PAYMENT_STEPS, number_of, payment_received
from tests.bench.way import LEASE_SECONDS
from tests.proof.chaos import go_on, stop

SECOND = "second worker"
FEW = 300  # events while one worker is cut off; Z-API's journal has them all
# How many attempts at a system overlap in time, as its lane wrote them.
AT_ONCE = """
WITH edge AS (
    SELECT service, started_at AS at, 1 AS step FROM events_attempt
    JOIN events_delivery AS delivery ON delivery.id = delivery_id
    UNION ALL
    SELECT service, started_at + duration_ms * interval '1 ms', -1 FROM events_attempt
    JOIN events_delivery AS delivery ON delivery.id = delivery_id
), running AS (
    SELECT service, sum(step) OVER (PARTITION BY service ORDER BY at, step) AS calls FROM edge
)
SELECT service, max(calls) FROM running GROUP BY 1
"""


def main() -> int:
    options = _options()
    with running(HubWay()) as way:
        one = flood(way, options.events)
        way.run(SECOND, processes.worker().command)
        time.sleep(10)  # it has loaded its code
        two = flood(way, options.events)
        cut = cut_off(way)
    found = {"one": one, "two": two, "cut_off": cut}
    for name, values in found.items():
        print(f"{name:8} " + ", ".join(f"{what} {value}" for what, value in values.items()))
    figures.write("workers", found)
    wrong = cut["doubled_to_a_person"] or cut["lost"] or cut["over_the_limits"]
    print("This does not hold." if wrong else "All of it holds.")
    return 1 if wrong else 0


def flood(way: HubWay, events: int) -> dict[str, Any]:
    way.clear()
    spent, began = way.cpu(), time.time()
    way.flood(payment_received, events)
    ended = way.until_done(600)
    used = {name: seconds - spent.get(name, 0.0) for name, seconds in way.cpu().items()}
    return {
        "events_a_second": round(events / (ended - began), 1),
        "cpu_ms_an_event": round(sum(used.values()) / events * 1000, 2),
    }


def cut_off(way: HubWay) -> dict[str, Any]:
    """Stop the worker that holds the lanes, not only the one that holds some."""
    way.clear()
    way.flood(payment_received, FEW)
    workers = {name: family(way.groups[name].process.pid) for name in ("worker", SECOND)}
    stopped = max(workers.values(), key=_threads)
    stop(stopped)
    began = time.monotonic()
    try:
        way.until_done(LEASE_SECONDS + 180)
        took = time.monotonic() - began
    finally:
        go_on(stopped)
    time.sleep(10)  # what it still held would go out now
    made = Counter(
        (system, number_of(system, call)) for system, calls in way.calls().items() for call in calls
    )
    asked = way.dead() - set(made)
    limits = {name: kind.threads for name, kind in Service.registry.items()}
    at_once = {name: int(calls) for name, calls in way.query(AT_ONCE)}
    return {
        "events": FEW,
        "seconds_until_all_was_done": round(took, 1),
        "lease_seconds": LEASE_SECONDS,
        "lost": PAYMENT_STEPS * FEW - len(made) - len(asked),
        "put_before_a_person": len(way.dead()),
        "doubled_to_a_person": sum(times - 1 for (system, _), times in made.items() if system == "zapi"),
        "repeated_under_their_key": sum(times - 1 for (system, _), times in made.items() if system != "zapi"),
        "calls_at_once": at_once,
        "over_the_limits": sum(calls > limits[name] for name, calls in at_once.items()),
    }


def _threads(family: list[psutil.Process]) -> int:
    return sum(process.num_threads() for process in family)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.workers", description=__doc__)
    parser.add_argument("--events", type=int, default=4_000, help="of each flood (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
