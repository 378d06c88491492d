"""POST /api/events in a web process: the shortcut answers what the usual way would have answered."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection

from carinho import database_watch, rsgi
from carinho.access import api_keys, rate_limits
from carinho.access.models import ApiKey
from carinho.access.permissions import EVENTS
from events.intake import fast_path, group_commit, ingestion, views
from events.models import Delivery, Event, RejectedRequest

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Request:
    """One request in granian's terms (RSGI), and the answer that it gets."""

    def __init__(self, body: bytes, headers: dict[str, str]) -> None:
        self.body = body
        self.scope = SimpleNamespace(
            method="POST",
            path="/api/events",
            query_string="",
            server="127.0.0.1:8000",
            client="127.0.0.1:50000",
            http_version="1.1",
            scheme="http",
            headers={"host": "localhost", "content-length": str(len(body)), **headers},
        )
        self.answer = Answer()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.answer = Answer(int(status), dict(headers), body)


class Web:
    """A web process: its key, and the way in."""

    def __init__(self) -> None:
        self.app = rsgi.Application()
        self.shortcut: Any = self.app.shortcuts["/api/events"]
        self.key, text = api_keys.create("site", [EVENTS], actor="test")
        self.headers = {"x-api-key": text, "content-type": "application/json"}

    def post(self, *bodies: Any, **headers: str) -> list[Answer]:
        """All at the same time; their answers in order."""
        return asyncio.run(self._post(bodies, headers))

    async def _post(self, bodies: Any, headers: dict[str, str]) -> list[Answer]:
        given = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        requests = [
            Request(body if isinstance(body, bytes) else json.dumps(body).encode(), given) for body in bodies
        ]
        await asyncio.gather(*(self.app.__rsgi__(request.scope, request) for request in requests))
        return [request.answer for request in requests]

    def close(self) -> None:
        for pool in (self.app.pool, self.shortcut.commits.thread, self.app.database.thread):
            all_at_once = Barrier(pool._max_workers)
            for _ in range(pool._max_workers):
                pool.submit(lambda gate=all_at_once: (gate.wait(), connection.close()))
            pool.shutdown(wait=True)


@pytest.fixture
def web(monkeypatch):
    forty_seconds_left = "'2026-01-23 10:30:20+00'::timestamptz"
    monkeypatch.setattr(rate_limits, "COUNT", rate_limits.COUNT.replace("now()", forty_seconds_left))
    monkeypatch.setattr(database_watch, "LOOKS", 2000)  # the database is there, however busy the machine is
    web = Web()
    yield web
    web.close()


@pytest.fixture
def passed(web, monkeypatch):
    """A process whose caller passed the usual way a moment ago; it is not expected to go there again."""
    [first] = web.post(payment(1000))
    assert first.status == 202
    monkeypatch.setattr(rsgi, "answer", lambda *_: pytest.fail("the usual way was taken"))
    return web


PAID_AT = datetime.now(UTC).isoformat(timespec="seconds")


def payment(number: int, **data: Any) -> dict[str, Any]:
    known = {"payment_id": number, "invoice_id": number, "client_id": 7, "client_phone": "11 98765-4321"}
    known |= {"amount": "120.50", "paid_at": PAID_AT}
    return {
        "type": "payment.received",
        "id": f"pay-{number}",
        "source": "financeiro",
        "data": known | data,
    }


def test_both_ways_store_and_answer_the_same(web):
    [usual] = web.post(payment(1))
    [short] = web.post(payment(2))
    assert web.shortcut.authorised
    assert (usual.status, short.status) == (202, 202)
    each_has_its_own = {"X-Request-ID", "traceparent", "RateLimit-Remaining", "Content-Length"}
    assert set(usual.headers) == set(short.headers) > each_has_its_own
    same = set(usual.headers) - each_has_its_own - {"RateLimit-Reset"}
    assert {name: short.headers[name] for name in same} == {name: usual.headers[name] for name in same}
    assert int(short.headers["RateLimit-Remaining"]) == int(usual.headers["RateLimit-Remaining"]) - 1
    assert short.json == usual.json | {"event_id": short.json["event_id"]}
    one, other = Event.objects.order_by("pk")
    own = {"id", "key", "data", "digest", "received_at", "occurred_at", "request_id"}
    columns = [column.attname for column in Event._meta.concrete_fields if column.attname not in own]
    assert [getattr(one, name) for name in columns] == [getattr(other, name) for name in columns]
    assert other.request_id == short.headers["X-Request-ID"]
    steps = [set(event.deliveries.values_list("step", "status", "subject")) for event in (one, other)]
    assert steps[0] == steps[1] != set()


def test_events_that_come_together_are_stored_by_one_statement_each_with_its_own_answer(passed, monkeypatch):
    stored = []
    accept = ingestion.accept
    monkeypatch.setattr(ingestion, "accept", lambda items: stored.append(len(items)) or accept(items))
    answers = passed.post(*(payment(number) for number in range(1, 41)))
    assert [answer.status for answer in answers] == [202] * 40
    assert sum(stored) == 40 > len(stored)
    keys = [Event.objects.get(pk=answer.json["event_id"]).key for answer in answers]
    assert keys == [f"pay-{number}" for number in range(1, 41)]


def test_the_same_event_forty_times_at_once_is_stored_once(passed):
    answers = passed.post(*[payment(1)] * 40)
    assert sorted(answer.status for answer in answers) == [200] * 39 + [202]
    assert len({answer.json["event_id"] for answer in answers}) == 1
    assert Event.objects.get(key="pay-1").duplicates == 39


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (payment(1, amount="muito"), 422),
        ({"type": "payment.received"}, 422),
        (payment(1000, amount="999.00"), 409),
        (payment(1) | {"data": {"texto": "x" * (views.BODY_BYTES + 1)}}, 413),
    ],
)
def test_what_is_refused_is_refused_and_kept_by_the_usual_way(web, body, status):
    web.post(payment(1000))
    [answer] = web.post(body)
    assert answer.status == status
    assert RejectedRequest.objects.count() == 1
    assert Event.objects.count() == 1


def test_key_that_was_revoked_passes_for_some_seconds_at_most(web, monkeypatch):
    web.post(payment(1000))
    api_keys.revoke(web.key, actor="test")
    assert web.post(payment(1))[0].status == 202
    later = time.monotonic() + fast_path.AUTHORISED_SECONDS + 0.1
    monkeypatch.setattr(fast_path.time, "monotonic", lambda: later)
    assert web.post(payment(2))[0].status == 401


@pytest.mark.parametrize(
    "headers",
    [{"x_api_key": "AAAAAAAA.BBBBBBBBBBBB"}, {"x_api_key": ""}, {"host": "elsewhere.example"}],
)
def test_whoever_says_anything_else_has_not_passed(web, headers):
    web.post(payment(1000))
    assert web.post(payment(1), **headers)[0].status in (400, 401)


def test_key_bound_to_another_system_does_not_pass_with_its_events(web):
    ApiKey.objects.filter(pk=web.key.pk).update(sources=["financeiro"])
    assert web.post(payment(1000))[0].status == 202
    assert web.post(payment(1) | {"source": "crm"})[0].status == 403


def test_limit_holds_to_the_last_call(web, settings):
    settings.RATE_LIMIT_EVENTS = 250  # counted ahead by two
    answers = [
        answer for first in range(1, 261, 13) for answer in web.post(*map(payment, range(first, first + 13)))
    ]
    assert [answer.status for answer in answers].count(202) == 250


def test_group_that_cannot_be_stored_is_put_through_one_by_one(web, monkeypatch):
    web.post(payment(1000))
    monkeypatch.setattr(group_commit, "store", lambda items: (_ for _ in ()).throw(OperationalError("gone")))
    answers = web.post(payment(1), payment(2))
    assert [answer.status for answer in answers] == [202, 202]
    assert Delivery.objects.filter(event__key__in=["pay-1", "pay-2"]).exists()
