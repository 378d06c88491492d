"""A database that keeps silent, which no error says: who waits is answered, and so is everybody after."""

import asyncio
import json
import time
from collections.abc import Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection

from carinho import database_watch, rsgi


class Request:
    """A GET in granian's terms (RSGI), and each answer that it was sent."""

    def __init__(self, path: str) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.scope = SimpleNamespace(
            method="GET",
            path=path,
            query_string="",
            server="127.0.0.1:8000",
            client="127.0.0.1:50000",
            http_version="1.1",
            scheme="http",
            headers={"host": "localhost"},
        )

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.answers.append((status, dict(headers), body))


class Frozen:
    """A web process whose database keeps silent until it is thawed; only /health needs none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.thawed = Event()
        self.finished: list[str] = []
        self.app = rsgi.Application()
        monkeypatch.setattr(rsgi, "answer", self.answer)
        monkeypatch.setattr(database_watch, "ask", self.thawed.wait)

    def answer(self, environ: Any, reply: rsgi.Reply) -> tuple[int, list[tuple[str, str]]]:
        path = environ["PATH_INFO"]
        if path != rsgi.ALIVE:
            self.thawed.wait()
        self.finished.append(path)
        reply.send(200, [], b"")
        return 200, []

    async def get(self, *paths: str) -> list[Request]:
        requests = [Request(path) for path in paths]
        await asyncio.gather(*(self.app.__rsgi__(each.scope, each) for each in requests))
        return requests

    async def is_back(self) -> None:
        while self.app.database.is_away:
            await asyncio.sleep(0.01)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Frozen]:
    monkeypatch.setattr(database_watch, "SLOW_SECONDS", 0.02)
    monkeypatch.setattr(database_watch, "LOOKS", 4)
    frozen = Frozen(monkeypatch)
    yield frozen
    frozen.thawed.set()


def statuses(requests: list[Request]) -> list[int]:
    return [status for request in requests for status, _headers, _body in request.answers]


def test_who_waits_for_a_silent_database_is_told_to_come_back_and_it_is_taken_up_again(web: Frozen) -> None:
    async def outage() -> None:
        waiting = await web.get("/api/events", "/admin/", *["/api/dlq"] * rsgi.THREADS)
        assert statuses(waiting) == [503] * len(waiting)
        (_status, headers, body), page = waiting[0].answers[0], waiting[1].answers[0]
        assert (json.loads(body)["code"], headers["Retry-After"]) == ("unavailable", "5")
        assert headers["X-Request-ID"]
        assert page[1]["Content-Type"].startswith("text/html")
        assert "default-src 'self'" in page[1]["Content-Security-Policy"]
        assert statuses(await web.get("/api/events", rsgi.ALIVE)) == [503, 200]
        assert web.finished == [rsgi.ALIVE], "nobody else got as far as the database"
        web.thawed.set()
        await web.is_back()
        assert statuses(await web.get("/api/events")) == [200]
        web.app.pool.shutdown()
        assert statuses(waiting) == [503] * len(waiting), "none is answered twice"

    asyncio.run(outage())


def test_slow_page_of_a_database_that_answers_is_waited_for(web: Frozen, monkeypatch: Any) -> None:
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        web.thawed.set()

    monkeypatch.setattr(database_watch, "LOOKS", 2000)  # however late the thread that asks gets its turn
    monkeypatch.setattr(database_watch, "ask", ask)
    assert statuses(asyncio.run(web.get("/admin/"))) == [200]
    assert asked


def test_database_that_answered_and_then_keeps_silent_is_asked_again(web: Frozen, monkeypatch: Any) -> None:
    answers = iter([None])

    def ask() -> None:
        if next(answers, web) is web:
            web.thawed.wait()

    monkeypatch.setattr(database_watch, "ask", ask)
    assert statuses(asyncio.run(web.get("/admin/"))) == [503]


@pytest.mark.django_db(transaction=True)
def test_connection_that_is_older_than_the_server_is_no_answer_of_it() -> None:
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    database_watch.ask()
    assert connection.connection
    assert not connection.connection.closed


def test_database_of_a_busy_machine_has_longer(web: Frozen, monkeypatch: Any) -> None:
    asked, answered = Event(), Event()

    def ask() -> None:
        asked.set()
        web.thawed.wait()
        answered.set()

    async def busy() -> None:
        while not asked.is_set():
            await asyncio.sleep(0.01)
        for _ in range(2):  # one look each, twice as late as all looks together would be
            time.sleep(2 * database_watch.LOOKS * database_watch.SECONDS_BETWEEN_LOOKS)
            await asyncio.sleep(0)
        web.thawed.set()
        answered.wait()

    async def page_of_a_busy_machine() -> list[Request]:
        requests, _ = await asyncio.gather(web.get("/admin/"), busy())
        return requests

    monkeypatch.setattr(database_watch, "LOOKS", 20)
    monkeypatch.setattr(database_watch, "ask", ask)
    assert statuses(asyncio.run(page_of_a_busy_machine())) == [200]


def test_request_that_its_caller_gave_up_is_no_outage(web: Frozen) -> None:
    async def broken_off() -> None:
        request = Request("/api/events")
        task = asyncio.create_task(web.app.__rsgi__(request.scope, request))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert request.answers == []
        web.thawed.set()

    asyncio.run(broken_off())
