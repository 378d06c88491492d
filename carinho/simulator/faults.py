"""Faults on a switch: what goes wrong with which calls of a system, and for how long."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from carinho.simulator.answers import Answer, Refusal

SEED = 8100  # the same faults hit the same calls in every run
HTML = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
KINDS = ("status", "slow", "hang", "stall", "drop", "drop_before", "garbage", "down")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


FITS: dict[str, Callable[[Any], bool]] = {
    "status": lambda value: _whole(value) and 200 <= value <= 599,
    "retry_after": lambda value: _whole(value) and value >= 0,
    "body": lambda _: True,
    "slow": lambda value: _number(value) and value >= 0,
    "hang": _flag,
    "stall": _flag,
    "drop": _flag,
    "drop_before": _flag,
    "garbage": lambda value: value in ("html", "json", "empty"),
    "down": _flag,
    "rate": lambda value: _number(value) and 0 <= value <= 1,
    "times": lambda value: _whole(value) and value >= 1,
    "path": lambda value: isinstance(value, str),
}


@dataclass(slots=True)
class Fault:
    """What goes wrong. Kinds may be joined, as in a slow 503.

    Nothing is done by the system when it answers `status`, hangs, is `down` or drops before. It has
    done its work when it drops, stalls, is slow or answers garbage.
    """

    status: int | None = None
    retry_after: int | None = None  # seconds, with `status`
    body: Any = None  # with `status`
    slow: float = 0  # milliseconds before the answer
    hang: bool = False  # no answer until the caller gives up
    stall: bool = False  # the same, after the work
    drop: bool = False  # the connection is closed without a byte, after the work
    drop_before: bool = False  # the same, before the work
    garbage: str = ""  # 200 with a body that is "html", "empty", or half of the "json"
    down: bool = False  # every connection is closed at once
    rate: float = 1  # share of the calls that are hit
    times: int | None = None  # calls left to be hit before the system heals by itself
    path: str = ""  # only calls whose path contains this
    chance: random.Random = field(default_factory=lambda: random.Random(SEED), repr=False)

    @classmethod
    def from_json(cls, given: Any) -> "Fault":
        """Raises Refusal for a name or a value that no fault has."""
        if not isinstance(given, dict) or not set(given) & set(KINDS):
            raise Refusal(400, f"A fault needs one of {', '.join(KINDS)}")
        for name, value in given.items():
            if name not in FITS:
                raise Refusal(400, f"A fault has no {name}")
            if not FITS[name](value):
                raise Refusal(400, f"Invalid {name}: {value!r}")
        return cls(**given)

    @property
    def over(self) -> bool:
        return self.times == 0

    def hits(self, path: str) -> bool:
        """Whether this call goes wrong; each hit is one of `times`."""
        if self.over or self.path not in path or self.chance.random() >= self.rate:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def closes_first(self) -> str:
        return "down" if self.down else "drop_before" if self.drop_before else ""

    @property
    def hides_answer(self) -> str:
        return next((name for name in ("drop", "stall", "garbage") if getattr(self, name)), "")

    def instead(self) -> Answer | None:
        """What is answered in place of any work, if anything is."""
        if self.status is None:
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        body = {"message": f"Simulated {self.status}"} if self.body is None else self.body
        return Answer(self.status, body, headers)

    def spoil(self, answer: Answer) -> Answer:
        if self.garbage == "html":
            return Answer.file(HTML.encode(), "text/html")
        if self.garbage == "empty":
            return Answer.file(b"", answer.content_type)
        if self.garbage == "json":
            return Answer.file(answer.payload[: len(answer.payload) // 2] or b"{", answer.content_type)
        return answer

    def as_json(self) -> dict[str, Any]:
        """Only what differs from a healthy system."""
        plain = {name: getattr(self, name) for name in FITS}
        healthy = Fault()
        return {name: value for name, value in plain.items() if value != getattr(healthy, name)}
