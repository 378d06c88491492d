"""What a lane's hooks are asked and handed."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from events.engine import lane_hooks
from events.engine.lane_hooks import LaneHooks


@dataclass
class Claimed:
    id: int
    context: Any = None


class Recording(LaneHooks):
    """Knows something of some claims, and keeps what it is handed."""

    def __init__(self, **known: Any) -> None:
        self.known = {int(name.removeprefix("of_")): value for name, value in known.items()}
        self.asked: list[int] = []
        self.written: list[list[Any]] = []

    def prefetch(self, claims: Any) -> dict[int, Any]:
        self.asked += [claim.id for claim in claims]
        return self.known

    def on_written(self, results: Any) -> None:
        self.written.append([result.name for result in results])


def result(service: str, name: str) -> Any:
    return SimpleNamespace(name=name, claim=SimpleNamespace(service=service))


def test_each_claim_gets_what_was_found_for_it() -> None:
    hooks = Recording(of_1="Ana", of_2="Bia")
    claims = lane_hooks.prefetched(hooks, [Claimed(2), Claimed(1), Claimed(3)])  # type: ignore[list-item]
    assert [(claim.id, claim.context) for claim in claims] == [(2, "Bia"), (1, "Ana"), (3, None)]
    assert hooks.asked == [2, 1, 3]


def test_without_a_claim_nothing_is_asked() -> None:
    hooks = Recording()
    hooks.prefetch = None  # type: ignore[method-assign, assignment]
    assert lane_hooks.prefetched(hooks, []) == []


def test_outcomes_go_to_the_hooks_of_their_own_lane_together_and_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    billing, chat = Recording(), Recording()
    monkeypatch.setattr(lane_hooks, "registry", {"billing": billing, "chat": chat})
    lane_hooks.on_written(
        [result("chat", "a"), result("billing", "b"), result("telex", "c"), result("chat", "d")]
    )
    assert (billing.written, chat.written) == ([["b"]], [["a", "d"]])


def test_lane_without_rules_of_its_own_holds_and_plans_nothing_and_runs_its_steps() -> None:
    hooks = lane_hooks.of("telex")
    claim: Any = SimpleNamespace(id=1, event="the event")
    step: Any = SimpleNamespace(run=lambda service, event: f"{service} did {event}")
    assert (hooks.allows(5, 2), hooks.prefetch([claim]), hooks.plan([claim])) == (5, {}, {})
    ran = hooks.run(claim, step, "telex")  # type: ignore[arg-type]
    assert (ran.value, ran.error, ran.not_before, ran.skip_cause) == ("telex did the event", None, None, "")
