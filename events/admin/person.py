"""Whom an event is about: masked, until somebody who may asks to see it."""

from dataclasses import dataclass
from typing import Any

import phonenumbers
from django.utils.html import format_html
from django.utils.safestring import SafeString

from carinho.masking import mask_name, mask_phone
from events.models import Event
from events.models.event import NAMES

BRAZIL = "55"  # a stored number of another country begins with +


@dataclass(frozen=True)
class NameAndPhone:
    name: str
    phone: str

    def __bool__(self) -> bool:
        return bool(self.name or self.phone)

    def masked(self) -> "NameAndPhone":
        return NameAndPhone(
            mask_name(self.name) if self.name else "", mask_phone(self.phone) if self.phone else ""
        )

    def cell(self) -> SafeString | str:
        """Name over phone, as a list shows them; a dash when the event is about nobody."""
        if not self:
            return "—"
        lines = [text for text in (self.name, self.phone) if text]
        rest = format_html('<span class="c-second">{}</span>', lines[1]) if len(lines) > 1 else ""
        return format_html('<span class="c-cell"><span>{}</span>{}</span>', lines[0], rest)


def of(event: Event) -> NameAndPhone:
    return NameAndPhone(_name(event.data), readable_phone(event.phone))


def masked(event: Event) -> NameAndPhone:
    return NameAndPhone(_name(event.data), event.phone).masked()


def masked_in(body: Any) -> NameAndPhone:
    """Whom a body that was not accepted is about, as far as its fields can be read."""
    data = body.get("data", body) if isinstance(body, dict) else {}
    phone = data.get("phone") if isinstance(data, dict) else ""
    return NameAndPhone(_name(data), phone if isinstance(phone, str) else "").masked()


def _name(data: Any) -> str:
    named = (data.get(key) for key in NAMES) if isinstance(data, dict) else ()
    return next((name for name in named if isinstance(name, str) and name), "")


def readable_phone(stored: str) -> str:
    """`5511987654321` as `+55 11 98765-4321`; what is no whole number stays as it was typed."""
    if stored.isdecimal() and stored.startswith(BRAZIL):
        text = f"+{stored}"
    elif stored.startswith("+"):
        text = stored
    else:
        return stored
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return stored
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return stored
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
