"""Finding the number of worker processes that suits a way best."""

from dataclasses import dataclass

from tests.bench.measures import rate, slow
from tests.bench.sample import payment_received
from tests.bench.way import TunedWay

EVENTS = 50


@dataclass(frozen=True)
class Tuning:
    """Events per second by number of processes: with quick systems, and with systems that take 50 ms."""

    quick: dict[int, float]
    slow: dict[int, float]

    @property
    def for_quick(self) -> int:
        return max(self.quick, key=lambda number: self.quick[number])

    @property
    def for_slow(self) -> int:
        return max(self.slow, key=lambda number: self.slow[number])


def tune(way: TunedWay) -> Tuning:
    tuning = Tuning({}, {})
    for concurrency in way.numbers_of_workers:
        way.use(concurrency)
        tuning.quick[concurrency] = rate(way, payment_received, EVENTS)
        tuning.slow[concurrency] = slow(way, payment_received, EVENTS)
    return tuning
