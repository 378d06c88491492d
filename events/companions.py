"""What an app adds to the lane of one system, without the engine knowing the app.

All of it runs in the lane's own thread, the only place where a lane may use the database.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from events.claims import Claim
    from events.delivery import Result


class Companion:
    """Stands beside one lane. A subclass says what it knows, and is registered under the system's name."""

    def allows(self, wanted: int, under_way: int) -> int:
        """How many of the wanted deliveries may start now; 0 holds the lane, and no attempt is spent."""
        return wanted

    def brief(self, claims: "Sequence[Claim]") -> Mapping[int, Any]:
        """What each step finds as its service's `call.briefing`, by the delivery's id."""
        return {}

    def written(self, results: "Sequence[Result]") -> None:
        """Store what follows from these outcomes, in their own transaction."""


registry: dict[str, Companion] = {}
NOBODY = Companion()


def of(service: str) -> Companion:
    return registry.get(service, NOBODY)


def briefed(companion: Companion, claims: "list[Claim]") -> "list[Claim]":
    """The claims, each with what its companion knows about it."""
    known = companion.brief(claims) if claims else {}
    return [claim.briefed(known[claim.id]) if claim.id in known else claim for claim in claims]


def written(results: "Sequence[Result]") -> None:
    """Tell each system's companion what became of its deliveries."""
    by_service = sorted(results, key=lambda result: result.claim.service)
    for service, group in groupby(by_service, key=lambda result: result.claim.service):
        of(service).written(list(group))
