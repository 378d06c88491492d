"""kill -9 of everything right after the last acknowledgement, and what becomes of the calls."""

import time
from collections import Counter

from tests.bench.measures import Figures
from tests.bench.sample import PAYMENT_STEPS, number_of, payment_received
from tests.bench.way import LEASE_SECONDS, Way

EVENTS = 200
SETTLE_SECONDS = LEASE_SECONDS + 60  # the lease, the rounds of whoever looks for lapsed ones, and their looks
QUIET_SECONDS = 8  # enough where nothing is left that could bring work back

Call = tuple[str, int]  # system, number of the event


def crash(way: Way, *, broker: bool) -> Figures:
    """How many calls were never made, and how many more than once; the broker survives or not.

    What the way itself has put before a person, and so does not know the end of, is counted apart.
    """
    name = "crash_broker" if broker else "crash"
    way.clear()
    way.flood(payment_received, EVENTS)
    way.kill(broker=broker)
    way.start_again()
    _settle(way, QUIET_SECONDS if broker and way.needs_broker else SETTLE_SECONDS)
    made = calls_made(way)
    asked = len(way.dead() - set(made))
    return {
        f"{name}_lost": PAYMENT_STEPS * EVENTS - len(made) - asked,
        f"{name}_asked": asked,
        f"{name}_repeated": sum(made.values()) - len(made),
        f"{name}_read_twice": sum(times - 1 for (system, _), times in made.items() if system == "zapi"),
    }


def _settle(way: Way, seconds: float) -> None:
    """Until all is done, or until nothing more will come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and way.query(way.unfinished + " LIMIT 1"):
        time.sleep(0.5)


def calls_made(way: Way) -> Counter[Call]:
    return Counter((call["system"], number_of(call)) for call in way.sink.calls())
