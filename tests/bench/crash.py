"""kill -9 of everything right after the last acknowledgement, and what becomes of the calls.

All ways come back at the same time: only calls are counted here, and most of it is waiting for leases.
"""

import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.measures import Figures
from tests.bench.sample import PAYMENT_STEPS, number_of, payment_received
from tests.bench.way import LEASE_SECONDS, Way

EVENTS = 200
SETTLE_SECONDS = LEASE_SECONDS + 60  # the lease, the rounds of whoever looks for lapsed ones, and their looks
RESTORE_SECONDS = LEASE_SECONDS + 15  # of a broker, which looks every ten seconds; what is lost then stays so
QUIET_SECONDS = 8  # enough where nothing is left that could bring work back

Call = tuple[str, int]  # system, number of the event


def strike(way: Way, *, broker: bool) -> None:
    """Kill everything right after the last acknowledgement; the broker survives or not."""
    way.clear()
    way.flood(payment_received, EVENTS)
    way.kill(broker=broker)


def aftermath(ways: Iterable[Way]) -> list[Figures]:
    """What becomes of the calls of ways that were struck; then the same with each one's broker gone."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(_both, ways))


def _both(way: Way) -> Figures:
    figures = _outcome(way, "crash", RESTORE_SECONDS if way.needs_broker else SETTLE_SECONDS)
    if way.has_broker:
        strike(way, broker=True)
        figures |= _outcome(way, "crash_broker", QUIET_SECONDS if way.needs_broker else SETTLE_SECONDS)
    return figures


def _outcome(way: Way, name: str, seconds: float) -> Figures:
    """How many calls were never made, and how many more than once.

    What the way itself has put before a person, and so does not know the end of, is counted apart.
    """
    way.start_again()
    _settle(way, seconds)
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
