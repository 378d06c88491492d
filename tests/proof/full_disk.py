"""Webhooks while the disk of the database is really full: never a false 202, and back once there is room.

    python -m tests.proof.full_disk

puts the database on a small file system in memory (root on Linux), sends, fills the rest of it, goes on
sending, and takes what filled it away again. Exit code 1 if an event that was accepted is not delivered.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from carinho.embedded.postgres import Server
from tests import figures
from tests.conftest import temporary_var_dir
from tests.journeys.hub import hub, until
from tests.journeys.test_database_away import Database, Senders, accepts_again, statuses

SIZE_MB = 400
ROUNDS = 40  # of each sender, into the pages that still have room and then into none


def main() -> int:
    with (
        small_disk() as folder,
        temporary_server(folder) as database,
        hub(DATABASE_URL=database.url, LOG_LEVEL="CRITICAL") as made,
    ):
        senders = Senders(made)
        usual = senders.all_send(5)
        with filled(folder):
            full = senders.all_send(ROUNDS)
            slowest = senders.slowest
            ready = requests.get(f"{made.url}/ready", timeout=60).status_code
            told = until(lambda: refused(senders), "an event was refused")
        ended_itself = database.server.url() is None
        database.server.start()  # as systemd or Docker does with one that ended
        back = accepts_again(senders)
        ids = senders.accepted
        until(lambda: set(statuses(database, ids)) == {"processed"}, "every accepted event was processed")
        lost = len(ids) - sum(statuses(database, ids).values())
    figures.write(
        "full_disk",
        {
            "before": named(usual),
            "while it was full": named(full),
            "slowest answer seconds": round(slowest, 3),
            "said": told,
            "ready answered": ready,
            "PostgreSQL ended itself": ended_itself,
            "back after seconds": round(back, 3),
            "accepted": len(ids),
            "lost": lost,
        },
    )
    holds = lost == 0 and set(full) <= {202, 503} and full[503] and told == "unavailable"
    print("All of it holds." if holds else "This does not hold: ✗")
    return 0 if holds else 1


def refused(senders: Senders) -> str | None:
    answer = senders.send(senders.sessions[0])
    return str(answer.json()["code"]) if answer.status_code == 503 and answer.headers["Retry-After"] else None


def named(answers: Counter[int]) -> dict[str, int]:
    return {str(status): times for status, times in sorted(answers.items())}


@contextmanager
def small_disk() -> Iterator[Path]:
    with temporary_var_dir() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0755", "tmpfs", str(folder)]
        if subprocess.run(mount, check=False).returncode:
            raise SystemExit("A file system of its own can only be mounted by root, on Linux.")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def temporary_server(folder: Path) -> Iterator[Database]:
    server = Server(folder)
    try:
        yield Database(server, server.start())
    finally:
        server.stop()


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    ballast = folder / "ballast"
    began = time.monotonic()
    with ballast.open("wb", buffering=0) as file:
        while time.monotonic() - began < 60:
            try:
                file.write(bytes(1 << 16))
            except OSError:
                break
    try:
        yield
    finally:
        ballast.unlink()


if __name__ == "__main__":
    sys.exit(main())
