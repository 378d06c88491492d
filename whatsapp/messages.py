"""A message to a person, as a step declares it: which text, to whom, and what the person may expect of it."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from events.demo import samples
from events.flow import Flow, Step, StepEvent
from events.intake import envelope
from whatsapp import templates
from whatsapp.zapi import Choices, WhatsApp

RATINGS = ("Muito ruim", "Ruim", "Regular", "Bom", "Excelente")


class Category(enum.Enum):
    """What the policy asks of a message: whether it waits for the morning, and whether it can be refused."""

    COURTESY = enum.auto()  # waits, and is not sent to whoever asked for no messages
    NOTICE = enum.auto()  # waits; everybody needs it
    ANSWER = enum.auto()  # the person has just asked or written
    URGENT = enum.auto()  # nobody should wait for a visit in vain

    @property
    def waits_for_morning(self) -> bool:
        return self in (Category.COURTESY, Category.NOTICE)

    @property
    def can_be_refused(self) -> bool:
        return self is Category.COURTESY


@dataclass(init=False)
class Message:
    """The text `templates/whatsapp/<name>.txt` to a phone or lid, with its variables.

    `choices` is a list to choose the answer from. Not every phone shows it: the text says how to do without.
    """

    name: str
    to: str
    category: Category
    choices: Choices | None
    variables: dict[str, str]

    def __init__(
        self,
        name: str,
        /,
        *,
        to: str,
        category: Category = Category.COURTESY,
        choices: Choices | None = None,
        **variables: str,
    ) -> None:
        self.name, self.to, self.category, self.choices = name, to, category, choices
        self.variables = variables


def render(message: Message, own_texts: Mapping[str, str]) -> str:
    """How the person reads it: as an administrator wrote the text, or else as the file has it.

    A text of the console that lost a variable gives way to the file. Raises `FileNotFoundError` for a message
    nobody wrote, `KeyError` for a variable that was not given, `ValueError` for a broken place in the file.
    """
    if own := own_texts.get(message.name):
        try:
            return templates.parse(own).substitute(message.variables)
        except (KeyError, ValueError):
            pass
    return templates.text(message.name).substitute(message.variables)


def rating_of(service_id: int) -> Choices:
    """A list of ratings; the choice comes back as `rating-<service_id>-<1 to 5>`."""
    options = [
        {
            "id": f"rating-{service_id}-{rating}",
            "title": f"{rating} {'⭐' * rating}",
            "description": RATINGS[rating - 1],
        }
        for rating in range(5, 0, -1)
    ]
    return Choices("Sua avaliação", "Avaliar", options)


def steps() -> Iterator[tuple[Flow, Step]]:
    """Every step that writes to a person."""
    for flow in Flow.registry.values():
        for step in flow.steps.values():
            if issubclass(step.to, WhatsApp):
                yield flow, step


def of_sample(flow: Flow, step: Step) -> Message:
    """What this step writes for the sample of its event. Raises as `samples.load` and the step do."""
    accepted = envelope.read(samples.load(flow.type), source=flow.sources[0])
    return step.run(
        StepEvent(
            0, accepted.type, accepted.source, accepted.occurred_at, accepted.data, phone=accepted.phone
        )
    )


INVENTED = {"text": _("O CRM está fora do ar."), "address": "https://hub.exemplo/admin/"}


def sample(name: str) -> Message:
    """An invented person's message of this text; its variables by their names where no step has one."""
    found = (message for flow, step in steps() if (message := of_sample(flow, step)).name == name)
    variables = {
        each: str(INVENTED.get(each, f"({each})")) for each in templates.variables_of(templates.text(name))
    }
    message = next(found, Message(name, to=""))
    variables |= message.variables
    return Message(name, to=message.to, category=message.category, choices=message.choices, **variables)
