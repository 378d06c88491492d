"""A million deliveries through one hub that is never restarted, and what its processes take meanwhile.

    python -m tests.proof.long_run --deliveries 1000000

starts the hub as the benchmark does (tests/bench/hub_way.py): web, worker with beat and PostgreSQL, beside
systems that answer at once. Events to five systems are posted one by one, each batch once that before it is
delivered, while programs read. Twelve times it comes to rest, until all lanes have ended, and what the
processes hold then is compared: while they work they hold as much as the moment asks for. Exit code 1 if
memory, files or connections grow from rest to rest (tests/proof/memory.py), or if anything was not delivered.
Told to end, by Ctrl-C or SIGTERM, it says what it reached.
"""

import argparse
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import psycopg

from tests import figures
from tests.bench.group import family, own_memory
from tests.bench.hub_way import HubWay
from tests.bench.runs import running, say
from tests.bench.sample import client_updated, payment_received, payout_processed
from tests.proof import ledger
from tests.proof.memory import MemoryLog

BATCH = 3_999  # events; the systems forget their calls after each
BATCH_SECONDS = 900  # at most, on a machine that does much else
SECONDS_BETWEEN_READS = 15
RESTS = 12
REST_SECONDS = 600  # at most; a lane lingers for a minute
FIRST_PAYOUT = 10**9  # its ids are none of a payment's, from the same system
READ = ("/dashboard", "/metrics", "/api/events", "/api/dlq")
LISTENING = "SELECT count(*) FROM events_lane WHERE listening_until > now()"
FACTS = """
SELECT (SELECT count(*) FROM events_event),
       (SELECT count(*) FROM events_delivery WHERE status = 'done'),
       (SELECT count(*) FROM events_delivery WHERE status <> 'done'),
       (SELECT count(*) FROM events_attempt)
"""


class LongHub(HubWay):
    """The hub, as a memory log sees it, with a key that may read."""

    def prepare(self) -> str:
        key = super().prepare()
        self.read_key = self.ask("manage.py", "create_api_key", "reads", "--scope", "read").split()[-1]
        return key

    def children(self) -> list[psutil.Process]:
        return [each for name in ("web", "worker") for each in family(self.groups[name].process.pid)]

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True, application_name="soak")

    def read(self) -> None:
        for path in READ:
            url = f"http://127.0.0.1:{self.web_port}{path}"
            request = urllib.request.Request(url, headers={"X-API-Key": self.read_key})
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()

    def rest(self) -> None:
        """Wait until every lane has ended. Raises BenchError."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            self.until(
                lambda: connection.execute(LISTENING).fetchone() == (0,), "all lanes ended", REST_SECONDS
            )

    def lines(self) -> Iterator[str]:
        for name in ("web", "worker"):
            yield from (self.folder / f"{name}.log").read_text(errors="replace").splitlines()


def mixed(number: int) -> bytes:
    """Six deliveries of three events: two to Operação, one to each of four other systems."""
    match number % 3:
        case 0:
            return payment_received(number // 3)
        case 1:
            return client_updated(number)
        case _:
            return payout_processed(FIRST_PAYOUT + number)


def main() -> int:
    options = _options()
    ends = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ends.set())
    with running(LongHub()) as way:
        way.clear()
        memory = MemoryLog(way)
        found = deliver(way, options.deliveries, ends, memory)
        wrong = {
            "not delivered": found.pop("not delivered"),
            "log lines at ERROR that nothing explains": len(ledger.errors(way.lines())),
            "memory, files and connections that grow": len(memory.growing()),
        }
    memory.print()
    for line in memory.growing():
        print(line)
    figures.write("long_run", found | {"must be 0": wrong, "memory": memory.slopes()})
    return 1 if any(wrong.values()) else 0


def deliver(way: LongHub, deliveries: int, ends: threading.Event, memory: MemoryLog) -> dict[str, Any]:
    """Batch after batch until there are so many, or it is told to end."""
    all_done = threading.Event()

    def read() -> None:
        while not all_done.wait(SECONDS_BETWEEN_READS):
            way.read()

    began = time.monotonic()
    rests = 0
    with ThreadPoolExecutor(1) as pool:
        reads = pool.submit(read)
        try:
            while not reads.done():
                way.flood(mixed, BATCH)
                way.until_done(BATCH_SECONDS)
                way.sink.reset()
                [(events, done, left, attempts)] = way.query(FACTS)
                say(way, f"{done} deliveries in {time.monotonic() - began:.0f} s")
                if done >= deliveries * (rests + 1) / RESTS:
                    way.rest()
                    memory.look()
                    memory.samples[-1][2]["largest backend, MB"] = max(
                        map(own_memory, family(way.postgres_pid()))
                    )
                    rests += 1
                if done >= deliveries or ends.is_set():
                    break
        finally:
            all_done.set()
        reads.result()  # raises what ended it
    return {
        "events": events,
        "deliveries": done,
        "attempts": attempts,
        "seconds, rests included": round(time.monotonic() - began),
        "not delivered": left,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.long_run", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1_000_000, help="at least (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
