"""Measures all ways on this machine and prints one table. Nothing is asserted: machines differ."""

import argparse
import os
import platform
import signal
import sys
import time
from contextlib import ExitStack

from carinho.embedded.wheel import PostgresError
from carinho.simulator.client import SimulatorError
from carinho.simulator.client import running as running_simulator
from tests.bench import report, runs, syncs
from tests.bench.hub_way import HubWay
from tests.bench.load import LoadError
from tests.bench.measures import Figures, Size
from tests.bench.pgqueuer_way import PgQueuerWay
from tests.bench.plain_way import PlainWay
from tests.bench.tuning import Tuning
from tests.bench.way import LINES, BenchError, Way

WAYS = ("hub", "plain", "pgqueuer")


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
    began, busy = time.monotonic(), os.getloadavg()[0]
    size = Size(options.seconds, options.events)
    notes = [_machine(busy)]
    measured: report.Measured = {}
    ways: dict[str, Way] = {}
    with ExitStack() as running:
        if "plain" in options.only:
            ways["plain"] = plain = running.enter_context(runs.running(PlainWay()))
            measured["plain"] = _plain(plain, size, notes)
        steady = measured.get("plain", {}).get("steady", runs.STEADY_WITHOUT_PLAIN)
        if "pgqueuer" in options.only:
            ways["pgqueuer"] = pgqueuer = running.enter_context(runs.running(PgQueuerWay()))
            measured["pgqueuer"] = _pgqueuer(pgqueuer, size, steady, notes)
        if "hub" in options.only:
            ways["hub"] = hub = running.enter_context(runs.started(HubWay()))
            measured["hub"] = _hub(hub, size, steady, notes, options.sync_records)
        for name, figures in zip(ways, runs.crashes(ways.values()), strict=True):
            measured[name] |= figures
    print("\n".join(report.lines(measured)))
    notes.append(f"Took {time.monotonic() - began:.0f} s. What each line means: docs/benchmark.md.")
    print("\n" + "\n".join(notes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="The hub beside the plain way and beside the leanest queue."
    )
    parser.add_argument(
        "--seconds", type=float, default=5, help="for each rate and latency (default: %(default)s)"
    )
    parser.add_argument(
        "--events", type=int, default=2500, help="of the end-to-end flood (default: %(default)s)"
    )
    parser.add_argument(
        "--sync-records",
        type=int,
        default=2_000,
        help="of the synchronisation, 0 for none (default: %(default)s)",
    )
    parser.add_argument("--only", choices=WAYS, action="append", help="measure one of them; may be repeated")
    options = parser.parse_args()
    options.only = options.only or WAYS
    return options


def _plain(way: PlainWay, size: Size, notes: list[str]) -> Figures:
    figures, tuning = runs.measure_plain(way, size)
    notes += [_facts(way), _tuned(way, tuning)]
    runs.kill(way)
    return figures


def _pgqueuer(way: PgQueuerWay, size: Size, steady: float, notes: list[str]) -> Figures:
    figures, tuning = runs.measure_pgqueuer(way, size, steady)
    notes += [_facts(way), _tuned(way, tuning)]
    runs.kill(way)
    return figures


def _hub(way: HubWay, size: Size, steady: float, notes: list[str], records: int) -> Figures:
    figures = runs.measure_hub(way, size, steady)
    notes.append(_facts(way))
    notes.append(f"Steady: {figures['steady']:.0f} events/s, half of what the plain way can take.")
    if records:
        with running_simulator() as simulator:
            env = way.env | {"SIMULATOR_URL": simulator.url}
            notes.append(_synchronised(syncs.measure(env, simulator, records), records))
    runs.kill(way)
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


def _tuned(way: Way, tuning: Tuning) -> str:
    tried = ", ".join(
        f"{number}: {report.number(rate)}/s and {report.number(tuning.slow[number])}/s"
        for number, rate in sorted(tuning.quick.items())
    )
    chosen = f"{tuning.for_quick} for quick systems, {tuning.for_slow} for 50 ms"
    return f"{way.name}: worker processes tried with quick and with 50 ms systems: {tried}; chosen {chosen}."


if __name__ == "__main__":
    sys.exit(main())
