"""One call as a system sees it."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from carinho.simulator.answers import Refusal
from carinho.simulator.routes import Match

READS = frozenset({"GET", "HEAD"})


class Visit:
    """Method, path below the system's prefix, headers and body of one call, and the route it takes."""

    def __init__(self, method: str, path: str, query: str, headers: Mapping[str, str], match: Match) -> None:
        self.method = method
        self.path = path
        self.query_string = query
        self.headers = headers
        self.match = match
        self.raw_body = b""

    @property
    def writes(self) -> bool:
        return self.method not in READS

    @property
    def key(self) -> str:
        return self.headers.get("Idempotency-Key", "")

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string))

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent, empty without a body. Raises Refusal."""
        if not self.raw_body:
            return {}
        try:
            body = json.loads(self.raw_body)
        except ValueError:
            raise Refusal(400, "Body is not JSON") from None
        if not isinstance(body, dict):
            raise Refusal(400, "Body is not a JSON object")
        return body

    @property
    def sent(self) -> dict[str, Any] | None:
        """What was sent, for those who watch; None if it cannot be read."""
        try:
            return self.body or self.query or None
        except Refusal:
            return None

    def text(self, name: str) -> str:
        """A parameter of the path."""
        return self.match.params[name]

    def number(self, name: str) -> int:
        """A parameter of the path that is an id. Raises Refusal."""
        if not self.text(name).isdecimal():
            raise Refusal(404, "Not found")
        return int(self.text(name))
