"""Measures both ways on this machine and prints one table. Nothing is asserted: machines differ."""

import argparse
import os
import platform
import signal
import subprocess
import sys
import time

from carinho.embedded.wheel import PostgresError
from carinho.simulator.client import SimulatorError
from tests.bench import report, runs, syncs
from tests.bench.hub_way import HubWay
from tests.bench.load import LoadError
from tests.bench.measures import Figures, Size
from tests.bench.plain_way import PlainWay
from tests.bench.tuning import Tuning
from tests.bench.way import LINES, BenchError, Way

WAYS = ("hub", "plain")


def main() -> int:
    """0 whatever the figures are, since a missed target is only marked; 1 if measuring was not possible."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    try:
        measure(options)
    except (BenchError, LoadError, PostgresError, SimulatorError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def measure(options: argparse.Namespace) -> None:
    started, busy = time.monotonic(), os.getloadavg()[0]
    size = Size(options.seconds, options.events)
    notes = [_machine(busy)]
    plain = _plain(size, notes) if "plain" in options.only else {}
    hub = _hub(size, plain, notes, options.sync_records) if "hub" in options.only else {}
    print("\n".join(report.lines(hub, plain)))
    _pages(options.pages_events)
    notes.append(f"Took {time.monotonic() - started:.0f} s. What each line means: docs/benchmark.md.")
    print("\n" + "\n".join(notes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="The hub beside the plain way."
    )
    parser.add_argument(
        "--seconds", type=float, default=8, help="for each rate and latency (default: %(default)s)"
    )
    parser.add_argument(
        "--events", type=int, default=4000, help="of the end-to-end flood (default: %(default)s)"
    )
    parser.add_argument(
        "--pages-events",
        type=int,
        default=200_000,
        help="stored when the pages are timed, 0 for not at all (default: %(default)s)",
    )
    parser.add_argument(
        "--sync-records",
        type=int,
        default=5_000,
        help="of the synchronisation, 0 for none (default: %(default)s)",
    )
    parser.add_argument("--only", choices=WAYS, action="append", help="measure one of them; may be repeated")
    options = parser.parse_args()
    options.only = options.only or WAYS
    return options


def _pages(events: int) -> None:
    """In a process of its own, whose settings name a database of its own."""
    if events:
        print()
        subprocess.run([sys.executable, "-m", "tests.bench.pages", "--events", str(events)], check=False)


def _plain(size: Size, notes: list[str]) -> Figures:
    with runs.running(PlainWay()) as way:
        figures, tuning = runs.measure_plain(way, size)
        notes += [_facts(way), _tuned(tuning)]
        return figures


def _hub(size: Size, plain: Figures, notes: list[str], records: int) -> Figures:
    with runs.running(HubWay()) as way:
        figures = runs.measure_hub(way, size, plain.get("steady", runs.STEADY_WITHOUT_PLAIN))
        notes.append(_facts(way))
        notes.append(f"Steady: {figures['steady']:.0f} events/s, half of what the plain way can take.")
        if records:
            notes.append(_synchronised(syncs.measure(way.env, way.simulator, records), records))
        return figures


def _synchronised(figures: Figures, records: int) -> str:
    return (
        f"Synchronisation of {records} records, systems answering in {syncs.ANSWER_MS} ms:"
        f" {figures['sync']:.0f} records/s; second run: {figures['sync_second_writes']:.0f} writes;"
        f" at most {figures['sync_peak']:.0f} MB."
    )


def _machine(busy: float) -> str:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {LINES} HTTP clients"
    return f"{machine}; load average before the start {busy:.2f}."


def _facts(way: Way) -> str:
    settings = ("server_version", "fsync", "synchronous_commit")
    version, fsync, commit = (way.query(f"SHOW {name}")[0][0] for name in settings)
    database = f"PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}"
    return f"{way.name}: {database}, broker {way.broker}."


def _tuned(tuning: Tuning) -> str:
    tried = ", ".join(
        f"{number}: {report.number(rate)}/s and {report.number(tuning.slow[number])}/s"
        for number, rate in sorted(tuning.quick.items())
    )
    chosen = f"{tuning.for_quick} for quick systems, {tuning.for_slow} for 50 ms"
    return f"plain: worker processes tried with quick and with 50 ms systems: {tried}; chosen {chosen}."


if __name__ == "__main__":
    sys.exit(main())
