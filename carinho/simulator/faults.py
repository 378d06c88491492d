"""Faults that can be switched on: what goes wrong with which calls of a system, and how often."""

import random
from http import HTTPStatus
from typing import Any, Literal, Self

from aiohttp import web
from pydantic import Field, PrivateAttr

from carinho.simulator.protocol import ApiError, RequestModel, answer

SEED = 8100  # the same faults hit the same calls in every run
HTML = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
KINDS = ("status", "slow", "drip", "hang", "stall", "drop", "drop_before", "garbage", "down")
LIMITS = {"rate", "times", "path"}


class Ratio(RequestModel):
    """Hits `rate` of what passes, and at most `times`; None is without end."""

    rate: float = Field(default=1, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)  # hits that are left
    _random: random.Random = PrivateAttr(default_factory=lambda: random.Random(SEED))

    @property
    def over(self) -> bool:
        return self.times == 0

    def hit(self) -> bool:
        """Whether this one is hit; each hit is one of `times`."""
        if self.over or self._random.random() >= self.rate:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Fault(Ratio):
    """What goes wrong. Kinds may be joined, as in a slow 503.

    Nothing is done by the system when it answers `status`, hangs, is `down` or drops before. It has
    done its work when it drops, stalls, drips, is slow or answers garbage.
    """

    status: int | None = Field(default=None, ge=200, le=599)
    retry_after: int | None = Field(default=None, ge=0)  # seconds, with `status`
    body: Any = None  # with `status`
    slow: int | float = Field(default=0, ge=0)  # milliseconds before the answer
    drip: int | float = Field(default=0, ge=0)  # milliseconds between the bytes of the answer
    hang: bool = False  # no answer until the caller gives up
    stall: bool = False  # the same, after the work
    drop: bool = False  # the connection is closed without a byte, after the work
    drop_before: bool = False  # the same, before the work
    garbage: Literal["html", "json", "empty"] | None = None  # 200 with such a body, or half of the JSON
    down: bool = False  # every connection is closed at once
    path: str = ""  # only calls whose path contains this

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        if not fields.keys() & set(KINDS):
            raise ApiError(HTTPStatus.BAD_REQUEST, f"A fault needs one of {', '.join(KINDS)}")
        for name in fields.keys() - cls.model_fields.keys():
            raise ApiError(HTTPStatus.BAD_REQUEST, f"A fault has no {name}")
        return super().read(fields)

    def hits(self, path: str) -> bool:
        return self.path in path and self.hit()

    @property
    def closes_first(self) -> str:
        return "down" if self.down else "drop_before" if self.drop_before else ""

    @property
    def hides_answer(self) -> str:
        return next((name for name in ("drop", "stall", "garbage") if getattr(self, name)), "")

    def response(self) -> web.Response | None:
        """What is answered in place of any work, if anything is."""
        if self.status is None:
            return None
        body = {"message": f"Simulated {self.status}"} if self.body is None else self.body
        response = answer(body, self.status)
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(self.retry_after)
        return response

    def spoil(self, response: web.Response) -> web.Response:
        whole = response.body if isinstance(response.body, bytes) else b""
        match self.garbage:
            case "html":
                return web.Response(body=HTML.encode(), content_type="text/html")
            case "empty":
                return web.Response(body=b"")
            case "json":
                return web.Response(body=whole[: len(whole) // 2] or b"{", content_type=response.content_type)
        return response

    def as_json(self) -> dict[str, Any]:
        """Only what differs from a healthy system; the kinds come before the limits."""
        kinds = self.model_dump(exclude_defaults=True, exclude=LIMITS)
        return kinds | self.model_dump(exclude_defaults=True, include=LIMITS)
