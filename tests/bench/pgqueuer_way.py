"""PgQueuer as lean as it can be, with as many worker processes as suit it best."""

import sys

from carinho.embedded import processes
from tests.bench.way import TunedWay

KEY = "bench"


class PgQueuerWay(TunedWay):
    """granian with the same flags, PgQueuer's own worker, the same PostgreSQL, which is the broker too."""

    name = "pgqueuer"
    events_table = "received, pgqueuer, pgqueuer_log"
    unfinished = "SELECT 1 FROM pgqueuer"
    has_broker = needs_broker = False
    broker = "PostgreSQL"
    numbers_of_workers = (1, 2)

    def __init__(self) -> None:
        super().__init__()
        self.concurrency = self.numbers_of_workers[0]

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url, "API_KEY": KEY}

    def prepare(self) -> str:
        self.ask("-m", "tests.bench.pgqueuer.prepare")
        return KEY

    def web_command(self) -> list[str]:
        own = {
            "carinho.granian": "granian",
            "carinho.rsgi:application": "tests.bench.pgqueuer.web:application",
        }
        return [own.get(part, part) for part in processes.web(self.web_port).command]

    def start_worker(self) -> None:
        self.run("worker", [sys.executable, "-m", "tests.bench.pgqueuer.worker", str(self.concurrency)])

    def start_broker(self) -> None:
        """Nothing: the rows are in the database."""

    def forget_messages(self) -> None:
        """Nothing: the rows went with the events."""

    def kill_broker(self) -> None:
        """Nothing: it went with the database."""
