"""Which numbers WhatsApp knows, and in which form: with or without the ninth digit."""

import re
from dataclasses import dataclass
from typing import Any

WITH_NINE = re.compile(r"55\d{2}9\d{8}")
WITHOUT_NINE = re.compile(r"(55\d{2})([6-9]\d{7})")
LID = re.compile(r"(\d+)@lid")
MIRROR = 10**15  # a phone that is not listed and its lid add up to this


@dataclass(frozen=True, slots=True)
class Registration:
    """How WhatsApp has somebody: both are None for a number without WhatsApp."""

    phone: str | None
    lid: str | None = None

    @property
    def name(self) -> str | None:
        return self.phone or self.lid

    @property
    def name_by_lid(self) -> str | None:
        return self.lid or self.phone


# Invented. Every other valid mobile has WhatsApp too, with its ninth digit.
NUMBERS: dict[str, dict[str, Any]] = {
    "5511987650001": {"phone": "5511987650001", "lid": "100000000000001@lid"},
    "5551987650002": {
        "phone": "555187650002",
        "lid": "100000000000002@lid",
    },  # registered without the ninth digit
    "555187650002": {"phone": "555187650002", "lid": "100000000000002@lid"},
    "551133330003": {"phone": "551133330003", "lid": None},  # a landline
    "5511987650004": {"phone": None, "lid": None},  # no WhatsApp
    "100000000000005@lid": {"phone": None, "lid": "100000000000005@lid"},  # known by lid alone
}
NOBODY = Registration(None)


class Registry:
    def __init__(self) -> None:
        self.numbers: dict[str, Registration] = {}
        self.load(NUMBERS)

    def load(self, numbers: dict[str, dict[str, Any]]) -> None:
        for asked, known in numbers.items():
            registration = Registration(**known)
            self.numbers[asked] = registration
            if registration.lid:
                self.numbers[registration.lid] = registration

    def look_up(self, asked: str) -> Registration:
        return self.numbers.get(asked) or _by_lid(asked) or _by_phone(asked)


def _by_phone(asked: str) -> Registration:
    if WITH_NINE.fullmatch(asked):
        return _mobile(asked)
    if short := WITHOUT_NINE.fullmatch(asked):
        return _mobile(f"{short[1]}9{short[2]}")
    return Registration(asked) if asked.endswith("-group") else NOBODY


def _by_lid(asked: str) -> Registration | None:
    lid = LID.fullmatch(asked)
    if not lid:
        return None
    phone = str(MIRROR - int(lid[1]))
    return _mobile(phone) if WITH_NINE.fullmatch(phone) else Registration(None, asked)


def _mobile(phone: str) -> Registration:
    return Registration(phone, f"{MIRROR - int(phone)}@lid")
