"""Which numbers WhatsApp knows, and in which form: with or without the ninth digit."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Registration:
    """How WhatsApp has a number; `phone` is None for one without WhatsApp."""

    phone: str | None
    lid: str | None = None


# Invented. A number that is not here has WhatsApp, in the form it is asked for.
NUMBERS: dict[str, dict[str, Any]] = {
    "5511987650001": {"phone": "5511987650001", "lid": "100000000000001@lid"},
    "5551987650002": {
        "phone": "555187650002",
        "lid": "100000000000002@lid",
    },  # registered without the ninth digit
    "555187650002": {"phone": "555187650002", "lid": "100000000000002@lid"},
    "551133330003": {"phone": "551133330003", "lid": None},  # a landline
    "5511987650004": {"phone": None, "lid": None},  # no WhatsApp
}


class Registry:
    """Registrations by the number somebody asks for."""

    def __init__(self) -> None:
        self.numbers: dict[str, Registration] = {}
        self.load(NUMBERS)

    def load(self, numbers: dict[str, dict[str, Any]]) -> None:
        self.numbers |= {asked: Registration(**known) for asked, known in numbers.items()}

    def look_up(self, phone: str) -> Registration:
        return self.numbers.get(phone) or Registration(phone)
