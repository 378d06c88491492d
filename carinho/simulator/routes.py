"""Which function of a system takes which call."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote

Play = TypeVar("Play", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Route:
    """A call the system offers; `title` is what the page says of it, in Portuguese."""

    method: str
    template: str
    title: str
    play: Callable[..., Any]
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a call, None where there is none; `path_known` if another method would have one."""

    route: Route | None
    params: dict[str, str] = field(default_factory=dict)
    path_known: bool = False


class Routes:
    """The calls a system offers, filled by decorators."""

    def __init__(self) -> None:
        self.all: list[Route] = []
        self.fixed: dict[tuple[str, str], Match] = {}
        self.open: list[Route] = []

    def __call__(self, method: str, template: str, title: str) -> Callable[[Play], Play]:
        """Decorator: this function takes `method` on `template`, as in "/api/v1/leads/{id}"."""

        def take(play: Play) -> Play:
            self._add(Route(method, template, title, play, _pattern(template)))
            return play

        return take

    def _add(self, route: Route) -> None:
        self.all.append(route)
        if "{" in route.template:
            self.open.append(route)
        else:
            self.fixed[route.method, route.template] = Match(route)

    def match(self, method: str, path: str) -> Match:
        if known := self.fixed.get((method, path)):
            return known
        for route in self.open:
            if route.method == method and (found := route.pattern.fullmatch(path)):
                return Match(route, {name: unquote(value) for name, value in found.groupdict().items()})
        return Match(None, path_known=any(route.pattern.fullmatch(path) for route in self.all))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
