"""What must hold of the messages' texts, told at start instead of at the first person who gets none."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register

from events import envelope, samples
from events.flow import Flow, Step, StepEvent
from whatsapp import quiet_hours, texts
from whatsapp.client import WhatsApp


class Rehearsal:
    """Stands in for WhatsApp: writes the text and sends nothing."""

    def send(self, message: str, *, to: str, **variables: str) -> None:
        texts.render(message, **variables)

    def ask_rating(self, message: str, *, to: str, service_id: int, **variables: str) -> None:
        texts.render(message, **variables)


@register()
def every_message_can_be_written(**_: Any) -> list[CheckMessage]:
    """Each step that sends a message is rehearsed with the sample of its event."""
    rehearsed = ((flow, step, _problem(flow, step)) for flow, step in _steps_that_write())
    return [
        Error(f"{flow.type}.{step.name} cannot write its message: {problem}", id="whatsapp.E001")
        for flow, step, problem in rehearsed
        if problem
    ]


@register()
def quiet_hours_are_hours(**_: Any) -> list[CheckMessage]:
    try:
        quiet_hours.hours()
    except ValueError as error:
        return [Error(str(error), id="whatsapp.E002")]
    return []


def _steps_that_write() -> Iterator[tuple[Flow, Step]]:
    for flow in Flow.registry.values():
        for step in flow.steps.values():
            if issubclass(step.to, WhatsApp):
                yield flow, step


def _problem(flow: Flow, step: Step) -> str:
    try:
        step.run(Rehearsal(), _sample_of(flow))
    except (FileNotFoundError, KeyError, ValueError, envelope.Refused) as error:
        return repr(error)
    return ""


def _sample_of(flow: Flow) -> StepEvent:
    accepted = envelope.read(samples.load(flow.type), source=flow.sources[0])
    return StepEvent(
        0, accepted.type, accepted.source, accepted.occurred_at, accepted.data, phone=accepted.phone
    )
