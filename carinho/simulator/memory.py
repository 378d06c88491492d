"""What a system remembers: its last calls, and the idempotency keys it did work for."""

import json
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from carinho.simulator.protocol import JSON_TYPE

MOST_CALLS = 1_000
MOST_KEYS = 100_000  # older keys are forgotten, so that a long demo stays small
READS = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class JournalEntry:
    """One call and how it ended: the status, or the name of the fault that kept it from being read.

    It keeps parts of the request, because a request holds the buffers of its connection.
    """

    call: str  # as in "GET /api/v1/leads/{id}"
    title: str
    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    outcome: str
    answer: bytes | None
    at: float = field(default_factory=time.time)

    @property
    def writes(self) -> bool:
        return self.method not in READS

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string))

    @property
    def sent(self) -> dict[str, Any]:
        """What was sent, for those who watch; empty if it cannot be read."""
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return (body or self.query) if isinstance(body, dict) else {}

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "call": self.call,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": (self.sent or None) if self.writes else None,
            "outcome": self.outcome,
            "answer": json.loads(self.answer) if self.answer else None,
            "idempotency_key": self.headers.get("Idempotency-Key"),
            "request_id": self.headers.get("X-Request-ID"),
            "source_system": self.headers.get("X-Source-System"),
        }


class Journal:
    """Every call counted by its outcome, and the last calls, newest last."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {}
        self._last: deque[JournalEntry] = deque(maxlen=MOST_CALLS)

    def add(self, entry: JournalEntry) -> None:
        counts = self.counts.setdefault(entry.call, {})
        counts[entry.outcome] = counts.get(entry.outcome, 0) + 1
        self._last.append(entry)

    def newest(self, limit: int) -> list[JournalEntry]:
        return list(islice(reversed(self._last), limit))


def json_of(response: web.Response | None) -> bytes | None:
    """Its body, if that is JSON."""
    if response is None or response.content_type != JSON_TYPE or not isinstance(response.body, bytes):
        return None
    return response.body


@dataclass(slots=True)
class KeyUse:
    """What came under one key: how often work was done, how often the first answer was given again."""

    answers: dict[tuple[str, str], tuple[int, bytes | None]] = field(default_factory=dict)
    writes: int = 0
    repeats: int = 0


class IdempotencyKeys:
    """Uses by key. A key counts per method and path: one delivery may write twice to different places.

    Only work that was done is remembered. What was refused may be asked again and is judged anew, as
    when an operator corrected the data.
    """

    def __init__(self) -> None:
        self.uses: OrderedDict[str, KeyUse] = OrderedDict()

    def first_answer(self, key: str, method: str, path: str) -> web.Response | None:
        """The answer of the first time, if this work was done before; counts the repeat."""
        use = self.uses.get(key)
        if use is None or (method, path) not in use.answers:
            return None
        use.repeats += 1
        status, body = use.answers[method, path]
        return web.Response(status=status, body=body, content_type=JSON_TYPE if body else None)

    def done(self, key: str, method: str, path: str, response: web.Response) -> None:
        use = self.uses.get(key)
        if use is None:
            use = self.uses[key] = KeyUse()
            if len(self.uses) > MOST_KEYS:
                self.uses.popitem(last=False)
        use.writes += 1
        use.answers[method, path] = response.status, json_of(response)

    def writes(self) -> dict[str, int]:
        return {key: use.writes for key, use in self.uses.items()}

    def repeats(self) -> dict[str, int]:
        return {key: use.repeats for key, use in self.uses.items() if use.repeats}
