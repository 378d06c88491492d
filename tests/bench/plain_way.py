"""The plain way, with as many worker processes as suit it best."""

import shutil
import sys

import redis

from carinho.embedded import broker, processes
from tests.bench.way import LEASE_SECONDS, TunedWay


class PlainWay(TunedWay):
    """granian with the same flags, one Celery worker, the same PostgreSQL, and Redis if it is installed."""

    name = "plain"
    events_table = "plain_event"
    unfinished = "SELECT 1 FROM plain_delivery WHERE status <> 'done'"
    needs_broker = True
    numbers_of_workers = (8, 4, 16)

    def __init__(self) -> None:
        super().__init__()
        self.concurrency = self.numbers_of_workers[0]
        self.redis = shutil.which("redis-server")

    @property
    def broker(self) -> str:
        return "Redis" if self.redis else "filesystem"

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url,
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{self.broker_port}" if self.redis else "filesystem://",
            "VISIBILITY_TIMEOUT": str(LEASE_SECONDS),
        }

    def prepare(self) -> str:
        return self.ask("-m", "tests.bench.plain.prepare").split()[-1]

    def web_command(self) -> list[str]:
        """granian with the hub's flags, and what WSGI asks for: threads that read the body themselves."""
        hub = processes.web(self.web_port).command
        own = {"carinho.granian": "granian", "rsgi": "wsgi"}
        threads = ["--blocking-threads", "4"]
        return [own.get(part, part) for part in hub[:-1]] + [*threads, "tests.bench.plain.wsgi:application"]

    def _make_folders(self) -> None:
        """kombu's own transport does not."""
        for folder in ("messages", "control"):
            (self.folder / "broker" / folder).mkdir(parents=True, exist_ok=True)

    def start_broker(self) -> None:
        if not self.redis:
            self._make_folders()
        else:
            options = [
                "--port",
                str(self.broker_port),
                "--bind",
                "127.0.0.1",
                "--dir",
                str(self.folder),
                "--save",
                "",
            ]
            self.run("broker", [self.redis, *options])

    def start_worker(self) -> None:
        command = [sys.executable, "-m", "celery", "-q", "-A", "tests.bench.plain.celery:app", "worker"]
        options = ["--concurrency", str(self.concurrency), "--loglevel", "WARNING"]
        options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        self.run("worker", [*command, *options])

    def forget_messages(self) -> None:
        """The backlog of the ingest measure, which would be found to have no rows."""
        if self.redis:
            redis.Redis(port=self.broker_port).delete("celery", "unacked", "unacked_index")
        else:  # the folder beside it says which queues there are, and is not declared again
            for message in (self.folder / "broker" / "messages").iterdir():
                message.unlink(missing_ok=True)

    def kill_broker(self) -> None:
        if self.redis:
            self.groups.pop("broker").kill()
        else:
            broker.clear(self.folder)
            self._make_folders()
