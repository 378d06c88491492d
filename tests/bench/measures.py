"""What is measured, the same for all ways. Every measure starts from an empty database."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.bench import load
from tests.bench.group import family, listens, own_memory
from tests.bench.sample import PAYMENT_STEPS, Sample, number_of, payment_received
from tests.bench.way import LINES, Way

IDLE_SECONDS_BETWEEN = 0.2
SETTLE_SECONDS = 10  # the worker ends the processes that its start took
REST_SECONDS = 30  # a multiple of the seconds between two rounds of the hub's rules
SLOW_MS = 50
OWN_PARTS = ("web", "worker", "beat", "postgres", "broker")  # the sink is shown apart

Figures = dict[str, float]


@dataclass(frozen=True)
class Size:
    """How long a rate is measured, and how many events an end-to-end run has."""

    seconds: float
    events: int


def spread(name: str, seconds: Sequence[float]) -> Figures:
    """Median and 95th percentile, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {f"{name}_p50": 1000 * cuts[9], f"{name}_p95": 1000 * cuts[18]}


def ingest(way: Way, size: Size) -> Figures:
    """Events accepted while nobody works them off."""
    way.stop_worker()
    way.clear()
    load.flood(way.target, way.events(payment_received, 200), LINES)
    answers = load.flood(way.target, _for_seconds(way, size.seconds), LINES)
    took = max(answer.answered_at for answer in answers) - answers[0].sent_at
    way.clear()
    way.start_worker()
    way.warm_up()
    return {"ingest": len(answers) / took, **spread("ingest", [answer.seconds for answer in answers])}


def at_rest(way: Way) -> Figures:
    """What a way takes that was just started and has nothing to do: a part of one core, and memory."""
    way.until(partial(listens, way.web_port), "web listened")
    time.sleep(SETTLE_SECONDS)
    before, started = way.cpu(), time.monotonic()
    time.sleep(REST_SECONDS)
    used = [seconds - before[name] for name, seconds in way.cpu().items() if name in OWN_PARTS]
    processes = [each for name, pid in way.pids().items() if name in OWN_PARTS for each in family(pid)]
    return {
        "rest_cpu": 100 * sum(used) / (time.monotonic() - started),
        "rest_memory": sum(map(own_memory, processes)),
    }


def _for_seconds(way: Way, seconds: float) -> Iterator[load.Numbered]:
    ends = time.monotonic() + seconds
    for event in way.events(payment_received, 10**9):
        if time.monotonic() > ends:
            return
        yield event


def end_to_end(way: Way, events: int) -> Figures:
    """From the first POST of a flood to the last delivery done, and the CPU that cost."""
    way.clear()
    before, started = way.cpu(), time.time()
    way.flood(payment_received, events)
    took = way.until_done() - started
    per_event = {name: 1000 * (used - before[name]) / events for name, used in way.cpu().items()}
    own = sum(per_event.get(name, 0) for name in OWN_PARTS)
    return {
        "end_to_end": events / took,
        "cpu": own,
        **{f"cpu_{name}": cost for name, cost in per_event.items()},
    }


def rate(way: Way, sample: Sample, events: int) -> float:
    """Events per second from the first POST to the last delivery done."""
    way.clear()
    return _rate(way, sample, events)


def slow(way: Way, sample: Sample, events: int) -> float:
    """The same with every system answering in 50 ms."""
    way.clear()
    way.sink.answer_after(SLOW_MS)
    try:
        return _rate(way, sample, events)
    finally:
        way.sink.answer_after(0)


def _rate(way: Way, sample: Sample, events: int) -> float:
    started = time.time()
    way.flood(sample, events)
    return events / (way.until_done() - started)


def latency(way: Way, name: str, seconds: float, seconds_between: float) -> Figures:
    """From a POST to each call it causes, as the called systems saw it; the events are evenly spaced."""
    way.clear()
    count = int(seconds / seconds_between)
    answers = load.drip(way.target, way.events(payment_received, count), seconds_between)
    way.until_done()
    sent_at = {answer.number: answer.sent_at for answer in answers}
    waits = [call["at"] - sent_at[number_of(call)] for call in way.sink.calls()]
    assert len(waits) == PAYMENT_STEPS * count, "every event causes every call once"
    return spread(name, waits)
