"""What goes wrong during a soak: processes, the database, the broker, a clock, and the systems around."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

from carinho.simulator.client import SimulatorError

if TYPE_CHECKING:
    from tests.proof.soak import Soak

PAUSE = (4.0, 9.0)  # seconds between the end of one thing and the next
SYSTEMS = ("crm", "operacao", "financeiro", "cuidadores", "atendimento", "marketing", "zapi")
FAULTS: tuple[dict[str, Any], ...] = (
    {"down": True},
    {"status": 503},
    {"status": 429, "retry_after": 3},
    {"status": 500, "rate": 0.5},
    {"slow": 1500},
    {"hang": True, "rate": 0.3},
    {"stall": True, "rate": 0.2},
    {"drop": True, "rate": 0.5},
    {"drop_before": True, "rate": 0.5},
    {"drip": 400, "rate": 0.3},
    {"garbage": "html", "rate": 0.5},
    {"garbage": "json", "rate": 0.5},
    {"garbage": "empty", "rate": 0.5},
)
# What WhatsApp says of a message is left alone: whether it refused one is no question of what the hub loses.
CHAOS = {"error": 0.0, "shadow_ban": 0.0, "wrong_error": 0.0, "lose": 0.01, "delay": 0.0, "noise": 0.02}
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")  # Debian's package `faketime`
MENDED_SLEEP = Path(__file__).parent / "moved_clock"


class ChaosScript:
    """One thing after the other, the same ones for the same seed, until told to stop."""

    def __init__(self, soak: "Soak", seed: int) -> None:
        self.soak = soak
        self.dice = random.Random(f"{seed} chaos")
        self.done: Counter[str] = Counter()
        self.actions: list[Callable[[], Awaitable[None]]] = [
            self.kill_worker,
            self.kill_worker_process,
            self.kill_web,
            self.kill_beat,
            self.restart_database,
            self.kill_database_backend,
            self.cut_connections,
            self.empty_broker,
            self.freeze_worker,
            self.spoil_system,
            self.spoil_system,
            self.spoil_system,
            self.spoil_whatsapp,
            self.lose_whatsapp,
            self.kill_everything,
        ]
        if FAKETIME.exists():
            self.actions.append(self.move_clock)

    async def run(self, ends: asyncio.Event) -> None:
        # every action once, in a random order, before any comes again
        while not ends.is_set():
            actions = [*self.actions]
            self.dice.shuffle(actions)
            for action in actions:
                if ends.is_set():
                    return
                self.done[action.__name__.replace("_", " ")] += 1
                self.soak.say(action.__name__.replace("_", " "))
                with suppress(SimulatorError, psutil.NoSuchProcess, psycopg.Error):
                    await action()
                await self._rest(ends, self.dice.uniform(*PAUSE))

    async def _rest(self, ends: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(ends.wait(), seconds)

    # --- processes --------------------------------------------------------------------------------

    async def kill_worker(self) -> None:
        """A whole worker at once, the supervisor's or the second one."""
        for process in self.dice.choice([self.soak.worker_family(), self.soak.second_family()]):
            kill(process)

    async def kill_worker_process(self) -> None:
        """One of its children, in the middle of a lane."""
        children = [process for process in self.soak.worker_family()[1:] if not is_beat(process)]
        if children:
            kill(self.dice.choice(children))

    async def kill_web(self) -> None:
        for process in self.soak.family_of("granian"):
            kill(process)

    async def kill_beat(self) -> None:
        for process in filter(is_beat, self.soak.worker_family()):
            kill(process)

    async def kill_everything(self) -> None:
        """As when the machine loses its power, but for the senders and the systems around."""
        for process in [*self.soak.children(), *self.soak.second_family()]:
            if "carinho.embedded.postgres" not in " ".join(cmdline(process)):
                kill(process)

    async def freeze_worker(self) -> None:
        """Beyond its lease: somebody else takes over what it holds, and then it wakes up."""
        family = self.dice.choice([self.soak.worker_family(), self.soak.second_family()])
        stop(family)
        try:
            await asyncio.sleep(self.soak.lease + 10)
        finally:
            go_on(family)

    async def move_clock(self) -> None:
        """The second worker's, by minutes; the database and everybody else keep the right time."""
        seconds = self.dice.choice([-300, -90, 45, 90, 300])
        self.soak.say(f"clock of the second worker moved by {seconds} s")
        self.soak.start_second(moved_clock(seconds))
        await asyncio.sleep(25)
        self.soak.start_second()

    # --- database and broker --------------------------------------------------------------------------

    async def restart_database(self) -> None:
        """Without a checkpoint: the next start recovers."""
        self.soak.database.stop_at_once()

    async def kill_database_backend(self) -> None:
        """PostgreSQL then ends all connections, and recovers."""
        with self.soak.connect() as connection:
            pids = [pid for (pid,) in connection.execute(OTHERS)]
        if pids:
            with suppress(ProcessLookupError):
                os.kill(self.dice.choice(pids), signal.SIGKILL)

    async def cut_connections(self) -> None:
        with self.soak.connect() as connection:
            connection.execute(CUT)

    async def empty_broker(self) -> None:
        for message in (self.soak.var_dir / "broker" / "messages").glob("*"):
            message.unlink(missing_ok=True)

    # --- the systems around -----------------------------------------------------------------------------

    async def spoil_system(self) -> None:
        name, fault = self.dice.choice(SYSTEMS), self.dice.choice(FAULTS)
        self.soak.say(f"{name}: {fault}")
        await asyncio.to_thread(self.soak.simulator.fault, name, **fault)
        await asyncio.sleep(self.dice.uniform(4, 12))
        await asyncio.to_thread(self.soak.simulator.heal, name)

    async def spoil_whatsapp(self) -> None:
        await asyncio.to_thread(self.soak.simulator.zapi_chaos, self.dice.randrange(1000), **CHAOS)
        await asyncio.sleep(self.dice.uniform(8, 15))
        await asyncio.to_thread(self.soak.simulator.zapi_heal)

    async def lose_whatsapp(self) -> None:
        await asyncio.to_thread(self.soak.simulator.zapi_disconnect)
        await asyncio.sleep(self.dice.uniform(3, 8))
        await asyncio.to_thread(self.soak.simulator.zapi_connect)

    def heal(self) -> None:
        for name in SYSTEMS:
            self.soak.simulator.heal(name)
        self.soak.simulator.zapi_heal()
        self.soak.simulator.zapi_connect()
        go_on([*self.soak.children(), *self.soak.second_family()])


OTHERS = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'soak'
"""
CUT = f"SELECT pg_terminate_backend(pid) FROM ({OTHERS}) AS other"


def moved_clock(seconds: int) -> dict[str, str]:
    """The environment of a Python whose time of day is off by so much."""
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(MENDED_SLEEP),
    }


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def is_beat(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.name() == "beat"
    return False


def kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


def stop(family: list[psutil.Process]) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.suspend()


def go_on(family: list[psutil.Process]) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def family(process: psutil.Process) -> Iterator[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        yield process
        yield from process.children(recursive=True)
