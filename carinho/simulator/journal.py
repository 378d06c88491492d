"""What happened to a system: every call counted, the last ones kept."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from carinho.simulator.answers import Answer
from carinho.simulator.visit import Visit

MOST_CALLS = 1_000
NO_ROUTE = "(unknown path)"


@dataclass(frozen=True, slots=True)
class Entry:
    """One call and how it ended: the status, or the name of the fault that kept it from being read."""

    visit: Visit
    outcome: str
    answer: Answer | None
    at: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        route = self.visit.match.route
        return route.name if route else f"{self.visit.method} {NO_ROUTE}"

    def as_json(self) -> dict[str, Any]:
        headers = self.visit.headers
        return {
            "at": self.at,
            "call": self.name,
            "method": self.visit.method,
            "path": self.visit.path,
            "query": self.visit.query,
            "body": self.visit.sent if self.visit.writes else None,
            "outcome": self.outcome,
            "answer": self.answer and self.answer.body,
            "idempotency_key": self.visit.key or None,
            "request_id": headers.get("X-Request-ID"),
            "source_system": headers.get("X-Source-System"),
        }


class Journal:
    """Counts by call and outcome, and the last calls, newest last."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {}
        self.last: deque[Entry] = deque(maxlen=MOST_CALLS)

    def write(self, visit: Visit, outcome: str, answer: Answer | None = None) -> None:
        entry = Entry(visit, outcome, answer)
        counts = self.counts.setdefault(entry.name, {})
        counts[outcome] = counts.get(outcome, 0) + 1
        self.last.append(entry)

    def newest(self, limit: int) -> list[Entry]:
        """The last calls, newest first."""
        return [entry for _, entry in zip(range(limit), reversed(self.last), strict=False)]
