"""What a step would send, found out by letting it run with something that only writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from events.flow import StepEvent, find_step
from whatsapp import texts


@dataclass(frozen=True)
class Draft:
    """A message that is not sent yet: which text, to whom, and how it reads."""

    message: str
    to: str
    text: str


class Drafting:
    """Stands in for WhatsApp: the methods by which steps send, without sending."""

    def __init__(self, own_texts: Mapping[str, str]) -> None:
        self.own_texts = own_texts
        self.draft: Draft | None = None

    def send(self, message: str, *, to: str, **variables: str) -> dict[str, str]:
        self.draft = Draft(message, to, texts.current(message, self.own_texts.get(message, ""), **variables))
        return {"zaap_id": "", "message_id": ""}

    def ask_rating(self, message: str, *, to: str, service_id: int, **variables: str) -> dict[str, str]:
        return self.send(message, to=to, **variables)


def draft_of(event: StepEvent, step: str, own_texts: Mapping[str, str]) -> Draft | None:
    """The message this step sends; None for one that sends nothing or cannot be run."""
    drafting = Drafting(own_texts)
    try:
        find_step(event.type, step).run(drafting, replace(event, emitted=[]))
    except Exception:  # noqa: BLE001  (the step itself will meet the same, where it is told to a person)
        return None
    return drafting.draft


def shown_text(value: Any) -> str:
    """A text as it is compared: WhatsApp and Z-API change blanks at its ends."""
    return " ".join(str(value).split())
