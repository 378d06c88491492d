"""Checks at start: every message can be rendered."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from events.intake import envelope
from whatsapp import messages, policy


@register()
def every_message_can_be_written(**_: Any) -> list[CheckMessage]:
    """Each step that writes to a person is rendered with the sample of its event."""
    errors: list[CheckMessage] = []
    for flow, step in messages.steps():
        try:
            messages.render(messages.of_sample(flow, step), own_texts={})
        except (FileNotFoundError, KeyError, TypeError, ValueError, envelope.RequestRejected) as error:
            sentence = f"{flow.type}.{step.name} cannot write its message: {error!r}"
            errors.append(Error(sentence, id="whatsapp.E001"))
    return errors


@register()
def quiet_hours_are_hours(**_: Any) -> list[CheckMessage]:
    try:
        policy.quiet_hours()
    except ValueError as error:
        return [Error(str(error), id="whatsapp.E002")]
    return []
