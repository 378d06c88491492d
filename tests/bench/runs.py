"""All ways through every measure, in the same order."""

import os
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from unittest import mock

import django

from carinho.services.base import Service
from tests.bench import crash, measures
from tests.bench.hub_way import HubWay
from tests.bench.measures import SLOW_MS, Figures, Size
from tests.bench.pgqueuer.worker import PLACES
from tests.bench.pgqueuer_way import PgQueuerWay
from tests.bench.plain_way import PlainWay
from tests.bench.sample import Sample, client_updated, payment_received
from tests.bench.steps import STEPS, SYSTEMS
from tests.bench.tuning import Tuning, tune
from tests.bench.way import Way

STEADY_WITHOUT_PLAIN = 25.0  # events a second
SLOW_SECONDS = 8.0
PLAIN_SHARE = 10  # the plain way gets one event of so many, and is about as much slower

Flood = tuple[Sample, int, float]  # events, and how many a second the places allow

AnyWay = TypeVar("AnyWay", bound=Way)


@contextmanager
def started(way: AnyWay) -> Iterator[AnyWay]:
    """The way at work, with nothing done yet; ended and removed with the block."""
    try:
        say(way, "start")
        way.start()
        yield way
    finally:
        way.end()


@contextmanager
def running(way: AnyWay) -> Iterator[AnyWay]:
    """`started`, and warm."""
    with started(way):
        way.warm_up()
        yield way


def say(way: Way, what: str) -> None:
    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {way.name}: {what}", file=sys.stderr, flush=True)


def measure_plain(way: PlainWay, size: Size) -> tuple[Figures, Tuning]:
    say(way, "try numbers of worker processes")
    tuning = tune(way)
    way.use(tuning.for_slow)
    places = way.concurrency * 1000 / SLOW_MS
    events = int(tuning.slow[tuning.for_slow] * SLOW_SECONDS / 2)
    figures = _slow(way, (payment_received, events, places / 3), (client_updated, events, places / 2))
    way.concurrency = tuning.for_quick
    figures |= _quick(way, Size(size.seconds, max(size.events // PLAIN_SHARE, 100)))
    return figures | _latencies(way, size, figures["end_to_end"] / 2), tuning


def measure_pgqueuer(way: PgQueuerWay, size: Size, steady: float) -> tuple[Figures, Tuning]:
    say(way, "try numbers of worker processes")
    tuning = tune(way)
    way.use(tuning.for_slow)
    figures = _slow_of_places(way, *(_possible(event) for event in ("payment.received", "client.updated")))
    way.concurrency = tuning.for_quick
    figures |= _quick(way, size)
    return figures | _latencies(way, size, steady), tuning


def _possible(event: str) -> float:
    """Events a second that the system with the fewest places can take when each call takes 50 ms."""
    return min(PLACES[SYSTEMS[step]] for step in STEPS[event]) * 1000 / SLOW_MS


def measure_hub(way: HubWay, size: Size, steady: float) -> Figures:
    say(way, "at rest")
    figures = measures.at_rest(way)
    way.warm_up()
    lanes = declared_lanes(way)
    mixed = calls_possible([lanes[name] for name in ("whatsapp", "crm", "operacao")])
    even = calls_possible([lanes[name] for name in ("financeiro", "operacao")])
    figures |= _slow_of_places(way, mixed, even)
    figures |= _quick(way, size)
    return figures | _latencies(way, size, steady)


def declared_lanes(way: Way) -> dict[str, type[Service]]:
    """The services as the hub declares them, known once Django is set up; no database is asked."""
    named = way.env | {"DJANGO_SETTINGS_MODULE": "carinho.settings"}
    with mock.patch.dict(os.environ, named):
        django.setup()
    return Service.registry


def calls_possible(lanes: Sequence[type[Service]]) -> float:
    """Events a second that the lane with the fewest places can take when each call takes 50 ms."""
    return min(min(lane.threads * 1000 / SLOW_MS, lane.calls_per_second or float("inf")) for lane in lanes)


def _quick(way: Way, size: Size) -> Figures:
    say(way, "ingest")
    figures = measures.ingest(way, size)
    say(way, "end to end")
    return figures | measures.end_to_end(way, size.events)


def _latencies(way: Way, size: Size, steady: float) -> Figures:
    say(way, f"latency at {steady:.0f} events a second")
    figures = measures.latency(way, "steady", size.seconds, 1 / steady)
    say(way, "latency when idle")
    figures |= measures.latency(way, "idle", size.seconds, measures.IDLE_SECONDS_BETWEEN)
    return figures | {"steady": steady}


def _slow(way: Way, mixed: Flood, even: Flood) -> Figures:
    say(way, f"every system takes {SLOW_MS} ms")
    figures: Figures = {}
    for name, (sample, events, possible) in {"slow": mixed, "slow_even": even}.items():
        figures[name] = measures.slow(way, sample, events)
        figures[f"{name}_share"] = 100 * figures[name] / possible
    return figures


def _slow_of_places(way: Way, mixed: float, even: float) -> Figures:
    """`_slow`, with as many events as the places allow in its time."""
    return _slow(
        way,
        (payment_received, int(mixed * SLOW_SECONDS), mixed),
        (client_updated, int(even * SLOW_SECONDS), even),
    )


def kill(way: Way) -> None:
    say(way, "kill -9")
    crash.strike(way, broker=False)


def crashes(ways: Collection[Way]) -> list[Figures]:
    """Of each of these, all of them killed, what became of its calls."""
    for way in ways:
        say(way, "start again, and kill -9 with the broker")
    return crash.aftermath(ways)
