"""Webhooks while the database is away, on the real processes: never a false 202, and back by itself."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil
import psycopg
import pytest
import requests

from carinho.embedded.postgres import Server
from tests import figures
from tests.conftest import temporary_var_dir
from tests.journeys.hub import Hub, hub, until

SENDERS = 6  # more than one web process has threads
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON events_event FOR EACH STATEMENT EXECUTE FUNCTION refuse()
"""


@dataclass
class Database:
    """A database beside the hub, as on a server, and what may happen to it."""

    server: Server
    url: str

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as session:
            for statement in ("SET default_transaction_read_only = off", *statements):
                session.execute(statement)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self.server.stop()
        yield
        self.server.start()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        self.run("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        yield
        self.run("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")

    @contextmanager
    def full(self) -> Iterator[None]:
        self.run(REFUSE)
        yield
        self.run("DROP TRIGGER full_disk ON events_event", "DROP FUNCTION refuse")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """As a host that hangs: connections are open, and nothing answers."""
        parent = psutil.Process(int((self.server.data / "postmaster.pid").read_text().split()[0]))
        frozen = [parent, *parent.children(recursive=True)]
        for process in frozen:
            with suppress(psutil.NoSuchProcess):  # one that was about to end when it was found
                process.suspend()
        try:
            yield
        finally:
            for process in frozen:
                with suppress(psutil.NoSuchProcess):
                    process.resume()


@dataclass
class Senders:
    """Systems that send without a pause, each the next event once it has its answer."""

    carinho: Hub
    number: int = 0
    accepted: list[int] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.sessions = [requests.Session() for _ in range(SENDERS)]
        for session in self.sessions:
            session.headers.update(self.carinho.session.headers)

    def send(self, session: requests.Session) -> requests.Response:
        with self.lock:
            self.number += 1
            data = {"name": "Rosa", "phone": f"11 9{81_000_000 + self.number}"}
        began = time.monotonic()
        answer = session.post(
            f"{self.carinho.url}/api/events", json={"type": "lead.created", "data": data}, timeout=60
        )
        with self.lock:
            self.answers[answer.status_code] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answer.status_code == 202:
                self.accepted.append(answer.json()["event_id"])
        return answer

    def all_send(self, times: int) -> Counter[int]:
        """How these were answered; each sender sends so many, one after the other."""
        self.answers, self.slowest = Counter(), 0.0

        def send_some(session: requests.Session) -> None:
            for _ in range(times):
                self.send(session)

        threads = [threading.Thread(target=send_some, args=(session,)) for session in self.sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.answers


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with temporary_var_dir() as folder:
        server = Server(folder)
        yield Database(server, server.start())


@pytest.fixture(scope="module")
def carinho(database: Database) -> Iterator[Hub]:
    with hub(DATABASE_URL=database.url) as made:
        yield made


def accepts_again(senders: Senders) -> float:
    """Seconds until every sender has been accepted."""
    began = time.monotonic()
    until(lambda: set(senders.all_send(1)) == {202}, "events were accepted again")
    return time.monotonic() - began


def test_no_event_is_taken_that_is_not_stored_and_each_sender_is_told_to_come_back(
    carinho: Hub, database: Database
) -> None:
    senders, measured = Senders(carinho), {}
    for name, outage in {
        "stopped": database.stopped,
        "read_only": database.read_only,
        "full": database.full,
        "frozen": database.frozen,
    }.items():
        assert set(senders.all_send(5)) == {202}
        with outage():
            first = senders.all_send(1)
            measured[f"{name}_first_answers_within_seconds"] = round(senders.slowest, 3)
            told = senders.send(senders.sessions[0])
            assert told.headers["Retry-After"], name
            later = senders.all_send(5)
            assert (set(first) | set(later), told.json()["code"]) == ({503}, "unavailable"), name
            measured[f"{name}_later_answers_within_seconds"] = round(senders.slowest, 3)
            ready = requests.get(f"{carinho.url}/ready", timeout=60).status_code
            assert ready == (200 if name == "full" else 503)
        measured[f"{name}_back_after_seconds"] = round(accepts_again(senders), 3)
    ids = senders.accepted
    assert ids
    until(lambda: statuses(database, ids) == {"processed": len(ids)}, "every accepted event was processed")
    assert carinho.all("/api/dlq") == []
    figures.write("database_away", {"accepted": len(ids), "lost": 0} | measured)


def statuses(database: Database, ids: list[int]) -> dict[str, int]:
    """Of these events; there may be others: what was answered 503 may have been committed all the same."""
    query = "SELECT status, count(*) FROM events_event WHERE id = ANY(%s) GROUP BY status"
    with psycopg.connect(database.url) as session:
        return dict(session.execute(query, [ids]).fetchall())
