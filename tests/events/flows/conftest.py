"""The samples of the event types, and their steps run with a stand-in that has the service's own methods."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import create_autospec

import pytest

from events.demo import samples
from events.flow import Flow, StepEvent, find_step
from events.intake import envelope
from events.intake.envelope import Envelope
from whatsapp.zapi import WhatsApp


@dataclass
class Ran:
    """A step that ran: the stand-in for its service, its event, and what it returned."""

    service: Any
    event: StepEvent
    result: Any


def accept_sample(type: str, /, *, source: str = "", **changes: Any) -> Envelope:
    """The sample of this type as it is accepted, with some data changed; a None takes a field away."""
    body = samples.load(type)
    body["data"] = {name: value for name, value in (body["data"] | changes).items() if value is not None}
    return envelope.read(body, source=source or Flow.registry[type].sources[0])


def outline(accepted: Envelope) -> dict[str, tuple[str, str]]:
    """The steps an event causes: their systems, and what each waits for."""
    return {step.name: (step.to.name, step.after) for step in accepted.steps}


@pytest.fixture
def run() -> Callable[..., Ran]:
    def run(
        type: str,
        step_name: str,
        service: Any = None,
        /,
        *,
        earlier: Any = None,
        source: str = "",
        **changes: Any,
    ) -> Ran:
        accepted = accept_sample(type, source=source, **changes)
        event = StepEvent(
            id=1,
            type=accepted.type,
            source=accepted.source,
            occurred_at=accepted.occurred_at,
            payload=accepted.data,
            earlier=earlier,
            phone=accepted.phone,
        )
        step = find_step(type, step_name)
        if step.to is WhatsApp:
            return Ran(None, event, step.run(event))
        service = service or create_autospec(step.to, instance=True)
        return Ran(service, event, step.run(service, event))

    return run
