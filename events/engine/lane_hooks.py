"""What an app adds to the lane of one system, without the engine knowing the app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from carinho.services.base import Service
from events.flow import Step

if TYPE_CHECKING:
    from events.engine.attempt import Claim, Result


@dataclass(frozen=True)
class StepOutcome:
    """How an attempt went: its value, or the error it met, or why nothing was sent.

    `not_before` holds the delivery until then, `skip_cause` says that nobody needs it any more. `findings` is
    for the lane's `on_written`, whatever the end.
    """

    value: Any = None
    error: Exception | None = None
    not_before: datetime | None = None
    skip_cause: str = ""
    findings: Any = None


@dataclass(frozen=True)
class Planned:
    """What `run` would do with a claim: `ended` says how it ends without a call, None that one is made."""

    ended: StepOutcome | None = None
    text: str = ""  # what a person would read
    to: str = ""  # at which phone or lid


class LaneHooks:
    """One lane's own rules. A subclass is registered under its system's name.

    Only `run` is called from the pool's threads, where the network may be used and the database may not; all
    else is called from the lane's own thread, where it is the other way round.
    """

    def allows(self, wanted: int, under_way: int) -> int:
        """How many of the wanted deliveries may start now; 0 holds the lane, and no attempt is spent."""
        return wanted

    def prefetch(self, claims: "Sequence[Claim]") -> Mapping[int, Any]:
        """What `run` finds as `claim.context`, by the delivery's id; an exception is that attempt's end."""
        return {}

    def run(self, claim: "Claim", step: Step, service: Service) -> StepOutcome:
        """Make the attempt. May raise as every call does."""
        return StepOutcome(step.run(service, claim.event))

    def plan(self, claims: "Sequence[Claim]") -> Mapping[int, Planned]:
        """What `run` would do once each is due, by the delivery's id, found out by its own code.

        Writes and sends nothing.
        """
        return {}

    def on_written(self, results: "Sequence[Result]") -> None:
        """Store what follows from these outcomes, in their own transaction."""


registry: dict[str, LaneHooks] = {}
NONE = LaneHooks()


def of(service: str) -> LaneHooks:
    return registry.get(service, NONE)


def prefetched(hooks: LaneHooks, claims: "Sequence[Claim]") -> "list[Claim]":
    known = hooks.prefetch(claims) if claims else {}
    for claim in claims:
        claim.context = known.get(claim.id)
    return list(claims)


def on_written(results: "Sequence[Result]") -> None:
    by_service = sorted(results, key=lambda result: result.claim.service)
    for service, group in groupby(by_service, key=lambda result: result.claim.service):
        of(service).on_written(list(group))
