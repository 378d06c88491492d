"""The hub under mixed traffic while everything around it breaks, and a strict ledger at the end.

    python -m tests.proof.soak --seconds 600 --rate 2 --seed 1

starts the hub as `make run` does, a second worker beside it, and the simulator; sends what all systems and
people send; and meanwhile kills, freezes, cuts and spoils (tests/proof/chaos.py). Then everything is healed,
and once all is quiet the ledger is made (tests/proof/ledger.py). Prints one table; exit code 1 if anything
does not hold. With `--calm` nothing breaks: memory, connections and files are then what must not grow.
"""

import argparse
import asyncio
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests

from carinho.embedded import processes
from carinho.embedded.postgres import Server
from carinho.simulator.client import Simulator, SimulatorError, running
from tests import figures
from tests.bench.group import ROOT, Group, free_ports
from tests.proof import ledger
from tests.proof.chaos import ChaosScript, cmdline, family
from tests.proof.ledger import Ledger
from tests.proof.memory import MemoryLog
from tests.proof.traffic import SECRET, SIGNED, Traffic

LEASE_SECONDS = 20
PATIENCE = 300  # seconds without less to do, or without a hub: what piled up for WhatsApp takes two each
WEBHOOK_SECRET = "soak"
ZAPI = "zapi/instances/simulator/token/simulator"
HUB = {  # an hour of waits takes a minute
    "DEMO": "0",
    "LOG_LEVEL": "WARNING",
    "RETRY_WAITS": "2,5,10,20",
    "BREAKER_RESET_SECONDS": "1",
    "BREAKER_RESET_MAX_SECONDS": "4",
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "FEEDBACK_DELAY_SECONDS": "5",
    "RATE_LIMIT_PEOPLE": "100000000",
    "RATE_LIMIT_EVENTS": "100000000",
    "WHATSAPP_QUIET_HOURS": "",
    "WHATSAPP_TRACE_SECONDS": "15",
    "ZAPI_WEBHOOK_SECRET": WEBHOOK_SECRET,
}
SPEED = 30  # what Z-API does by itself takes a thirtieth of its time
SECONDS_BETWEEN_LOOKS = 5
CALM = {"seconds": 240.0, "rate": 12.0, "speed": 300}  # as much as the one reader of callbacks keeps up with
UNFINISHED = """
SELECT (SELECT count(*) FROM events_delivery WHERE status IN ('waiting', 'queued', 'running')),
       (SELECT count(*) FROM events_deadletter WHERE status = 'open' AND cause <> 'unknown_outcome'),
       (SELECT count(*) FROM events_event WHERE status IN ('pending', 'processing')),
       (SELECT count(*) FROM whatsapp_callback WHERE status = 'pending')
"""
BUSY = """
SELECT pid, state, wait_event_type, wait_event, now() - xact_start, pg_blocking_pids(pid), left(query, 150)
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> 'soak' AND xact_start IS NOT NULL
"""

RETRIED_CAUSES = """
SELECT DISTINCT cause FROM events_deadletter WHERE status = 'open' AND cause <> 'unknown_outcome'
"""


class Soak:
    """The hub and its surroundings, as chaos, traffic and ledger see them."""

    def __init__(
        self, var_dir: Path, simulator: Simulator, *, workers: int = 2, speed: float = SPEED
    ) -> None:
        self.var_dir = var_dir
        self.simulator = simulator
        self.lease = LEASE_SECONDS
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        secrets = {f"WEBHOOK_SECRET_{source.upper()}": SECRET for source in SIGNED}
        self.env = own | HUB | secrets
        self.env |= {"VAR_DIR": str(var_dir), "PORT": str(port), "SIMULATOR_URL": simulator.url}
        self.env |= {"PUBLIC_URL": self.url, "PYTHONUNBUFFERED": "1"}
        self.database = Server(var_dir)
        self.log = var_dir / "hub.log"
        self.second_log = var_dir / "second.log"
        self.second: Group | None = None
        self.began = time.monotonic()
        self.hub = Group([sys.executable, "-m", "carinho.embedded.supervisor"], self.env, self.log)
        self.wait_until_ready()
        self.key = self.command(
            "create_api_key", "soak", *(w for s in ("read", "events", "operate") for w in ("--scope", s))
        ).split()[-1]
        self.session = requests.Session()
        self.session.headers["X-API-Key"] = self.key
        self.set_up_whatsapp(speed)
        if workers > 1:
            self.start_second()

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {what}", file=sys.stderr, flush=True)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/ready", timeout=5).ok:
                    return
            time.sleep(0.3)
        raise SystemExit(f"The hub did not become ready.\n{self.log.read_text()[-3000:]}")

    def command(self, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def set_up_whatsapp(self, speed: float) -> None:
        self.simulator.zapi_settings(speed=speed)
        where = {"value": f"{self.url}/webhooks/whatsapp/{WEBHOOK_SECRET}", "notifySentByMe": True}
        address = f"{self.simulator.url}/{ZAPI}/update-every-webhooks"
        headers = {"Client-Token": "simulator", "Idempotency-Key": "soak"}
        requests.put(address, json=where, headers=headers, timeout=10).raise_for_status()

    def start_second(self, more: dict[str, str] | None = None) -> None:
        """A second worker, as on another host; in place of the one before."""
        self.end_second()
        mark = {processes.MARK: str(self.var_dir)}
        secret = {"SECRET_KEY": (self.var_dir / "secret_key").read_text()}
        self.second = Group(
            processes.worker().command, self.env | mark | secret | (more or {}), self.second_log
        )

    def end_second(self) -> None:
        if self.second:
            for process in self.second_family():
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self.second.kill()
            self.second = None

    def connect(self) -> psycopg.Connection[Any]:
        """Raises psycopg.OperationalError while the database is away."""
        url = self.database.url()
        if url is None:
            raise psycopg.OperationalError("The database is away.")
        return psycopg.connect(url, autocommit=True, application_name="soak", connect_timeout=5)

    def children(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.hub.process.pid).children(recursive=True)
        return []

    def family_of(self, *words: str) -> list[psutil.Process]:
        """The supervisor's child whose command line has these words, and all it started."""
        for child in self.children():
            line = " ".join(cmdline(child))
            if all(word in line for word in words):
                return list(family(child))
        return []

    def worker_family(self) -> list[psutil.Process]:
        return self.family_of("celery", "worker")

    def second_family(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return list(family(psutil.Process(self.second.process.pid))) if self.second else []
        return []

    def keep_second(self) -> None:
        """Nobody supervises it: started again as on a host of its own."""
        if self.second and self.second.process.poll() is not None:
            self.start_second()

    # --- until all is quiet ---------------------------------------------------------------------------

    def wait_until_quiet(self) -> list[int]:
        """What is left when nothing moves any more, retrying what a person would once all is well again."""
        left = [1]
        fewest = math.inf
        moved_at = asked_at = time.monotonic()
        while time.monotonic() < moved_at + PATIENCE:
            self.keep_second()
            with suppress(psycopg.Error, requests.RequestException, SimulatorError):
                with self.connect() as connection:
                    left = list(connection.execute(UNFINISHED).fetchone() or [1])
                left.append(sum(self.simulator.zapi_pending().values()))
                if not any(left):
                    return left
                if sum(left) < fewest:
                    fewest, moved_at = sum(left), time.monotonic()
                if left[1] and time.monotonic() > asked_at + 15:
                    asked_at = time.monotonic()
                    self.retry_all()
            time.sleep(1)
        with suppress(psycopg.Error), self.connect() as connection:
            for row in connection.execute(BUSY):
                self.say(f"still busy: {row}")
        return left

    def retry_all(self) -> None:
        """An operator sends again what failed while systems were away; not what may have been sent."""
        with self.connect() as connection:
            rows = connection.execute(RETRIED_CAUSES).fetchall()
        for (cause,) in rows:
            self.say(f"retry what failed by {cause}")
            self.session.post(f"{self.url}/api/dlq/retry", json={"cause": cause}, timeout=60)

    def lines(self) -> Iterator[str]:
        for path in (self.log, self.second_log):
            if path.exists():
                yield from path.read_text(errors="replace").splitlines()

    def end(self) -> None:
        self.end_second()
        self.hub.end()
        self.database.stop()


FOREIGN = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "DEMO", "SECRET_KEY")


@contextmanager
def soaking(*, workers: int = 2, keep: bool = False, speed: float = SPEED) -> Iterator[Soak]:
    folder = Path(tempfile.mkdtemp(prefix="carinho-soak-"))
    folder.chmod(0o755)  # PostgreSQL's own account has to reach its data
    with running() as simulator:
        soak = Soak(folder, simulator, workers=workers, speed=speed)
        try:
            yield soak
        finally:
            soak.end()
            if keep:
                print(f"Kept: {folder}", file=sys.stderr)
            else:
                subprocess.run(["rm", "-rf", str(soak.database.data), str(folder)], check=False)


async def go(
    soak: Soak, seconds: float, rate: float, seed: int, *, calm: bool
) -> tuple[Traffic, ChaosScript, Any]:
    traffic = Traffic(soak.url, soak.key, soak.simulator.url, rate, seed)
    chaos = ChaosScript(soak, seed)
    memory = MemoryLog(soak)
    callbacks: dict[tuple[str, float], dict[str, Any]] = {}
    ends = asyncio.Event()

    async def watch() -> None:
        while not ends.is_set():
            soak.keep_second()
            await asyncio.to_thread(memory.look)
            await asyncio.to_thread(collect, soak.simulator, callbacks)
            with suppress(TimeoutError):
                await asyncio.wait_for(ends.wait(), SECONDS_BETWEEN_LOOKS)

    tasks = [asyncio.create_task(traffic.run()), asyncio.create_task(watch())]
    if not calm:
        tasks.append(asyncio.create_task(chaos.run(ends)))
    await asyncio.sleep(seconds)
    ends.set()
    await asyncio.gather(*tasks[1:])
    await asyncio.to_thread(chaos.heal)
    soak.start_second()
    soak.say("healed")
    traffic.ends.set()
    await tasks[0]
    return traffic, chaos, (memory, callbacks)


def collect(simulator: Simulator, callbacks: dict[tuple[str, float], dict[str, Any]]) -> None:
    """Z-API's list of callbacks is bounded; what people wrote is kept from it."""
    with suppress(SimulatorError):
        for each in simulator.zapi_callbacks(2_000, type="ReceivedCallback"):
            callbacks[str(each["body"].get("messageId")), each["at"]] = each


def main() -> int:
    options = _options()
    with soaking(keep=options.keep, speed=CALM["speed"] if options.calm else SPEED) as soak:
        traffic, chaos, (memory, callbacks) = asyncio.run(
            go(soak, options.seconds, options.rate, options.seed, calm=options.calm)
        )
        left = soak.wait_until_quiet()
        collect(soak.simulator, callbacks)
        soak.say(f"quiet, left {left}")
        with soak.connect() as connection:
            state, truth = soak.simulator.state(), soak.simulator.zapi_truth()
            made = ledger.make(connection, traffic.book, state, truth)
        ledger.inbound(made, traffic.book, callbacks.values(), state)
        made.must_be_empty("log lines at ERROR that nothing explains", ledger.errors(soak.lines()))
        if options.calm:
            made.must_be_empty("memory, files and connections that grow", memory.growing())
        else:
            made.must_be_empty("breaker or verdict wrong, or right too late", verdicts(soak))
        _print(made, traffic, chaos, memory)
        figures.write("calm" if options.calm else "soak", _figures(made, traffic, chaos, memory, options))
        return 0 if made.holds else 1


def verdicts(soak: Soak) -> list[str]:
    """Whether breaker and dashboard say within 5 s what is true: a system goes away, and is back."""
    wrong = []
    soak.simulator.fault("marketing", down=True)
    traffic = {"type": "lead.updated", "source": "crm", "data": {"lead_id": 1, "phone": "11987654321"}}
    for number in range(6):
        body = traffic | {
            "id": f"verdict-{number}",
            "data": traffic["data"] | {"changes": {"city": str(number)}},
        }
        body["data"]["phone"] = f"119876543{number:02d}"
        soak.session.post(f"{soak.url}/api/events", json=body, timeout=10)
    down_at = _first_failures(soak, 5)
    opened = _until(
        soak, lambda: _breaker(soak) == "open" and _dashboard(soak)["status"] == "critical", down_at
    )
    if opened > 5:
        wrong.append(f"breaker open and verdict critical {opened:.1f} s after the fifth failure")
    soak.simulator.heal("marketing")
    healed_at = time.monotonic()
    closed = _until(soak, lambda: _breaker(soak) == "closed", healed_at)
    if closed > 5 + float(HUB["BREAKER_RESET_MAX_SECONDS"]):
        wrong.append(f"breaker closed {closed:.1f} s after the system was back")
    settled = _until(soak, lambda: not _blames(soak), time.monotonic())
    if settled > 5:
        wrong.append(f"the verdict still names the breaker {settled:.1f} s after it closed")
    return wrong


def _first_failures(soak: Soak, count: int) -> float:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with soak.connect() as connection:
            (seen,) = connection.execute(
                "SELECT count(*) FROM events_attempt AS attempt JOIN events_delivery AS delivery"
                " ON delivery.id = delivery_id JOIN events_event AS event ON event.id = event_id"
                " WHERE event.key LIKE 'verdict-%' AND outcome = 'unavailable'"
            ).fetchone() or (0,)
        if seen >= count:
            break
        time.sleep(0.2)
    return time.monotonic()


def _until(soak: Soak, condition: Any, since: float) -> float:
    while time.monotonic() < since + 30:
        with suppress(requests.RequestException):
            if condition():
                break
        time.sleep(0.2)
    return time.monotonic() - since


def _breaker(soak: Soak) -> str:
    services = soak.session.get(f"{soak.url}/circuit-breakers", timeout=10).json()["services"]
    return str(services["marketing"]["state"])


def _dashboard(soak: Soak) -> dict[str, Any]:
    return soak.session.get(f"{soak.url}/dashboard", timeout=10).json()  # type: ignore[no-any-return]


def _blames(soak: Soak) -> bool:
    return any(reason["rule"] == "circuit_breaker" for reason in _dashboard(soak)["reasons"])


def _print(made: Ledger, traffic: Traffic, chaos: ChaosScript, memory: MemoryLog) -> None:
    print("\nWhat was done to it: " + ", ".join(f"{name} x{n}" for name, n in sorted(chaos.done.items())))
    print("How it answered: " + ", ".join(f"{name} x{n}" for name, n in sorted(traffic.book.answers.items())))
    p50, p99, longest = _seconds(traffic.book.seconds)
    print(f"Answers took {p50 * 1000:.0f} ms (p50), {p99 * 1000:.0f} ms (p99), {longest:.1f} s at most\n")
    made.print()
    if not chaos.done:
        print()
        memory.print()
    print("\nAll of it holds." if made.holds else "\nThis does not hold: ✗")


def _seconds(given: list[float]) -> tuple[float, float, float]:
    if len(given) < 2:
        return (0.0, 0.0, 0.0)
    cuts = statistics.quantiles(given, n=100)
    return cuts[49], cuts[98], max(given)


def _figures(
    made: Ledger, traffic: Traffic, chaos: ChaosScript, memory: MemoryLog, options: argparse.Namespace
) -> dict[str, Any]:
    p50, p99, longest = _seconds(traffic.book.seconds)
    return {
        "seconds": options.seconds,
        "rate": options.rate,
        "seed": options.seed,
        "what was done to it": dict(chaos.done),
        "answers": dict(traffic.book.answers),
        "answer_ms": {"p50": round(p50 * 1000), "p99": round(p99 * 1000), "max": round(longest * 1000)},
        "facts": made.facts,
        "must be 0": {sentence: len(found) for sentence, found in made.broken.items()},
    } | ({} if chaos.done else {"memory": memory.slopes()})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, help="of traffic and chaos (default: 600; calm 240)")
    parser.add_argument("--rate", type=float, help="events a second (default: 2; calm 12)")
    parser.add_argument("--seed", type=int, default=1, help="of traffic and chaos (default: %(default)s)")
    parser.add_argument("--calm", action="store_true", help="nothing breaks")
    parser.add_argument("--keep", action="store_true", help="keep the folder with database and logs")
    options = parser.parse_args()
    options.seconds = options.seconds or (CALM["seconds"] if options.calm else 600)
    options.rate = options.rate or (CALM["rate"] if options.calm else 2)
    return options


if __name__ == "__main__":
    sys.exit(main())
