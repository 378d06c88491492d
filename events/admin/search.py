"""Finding rows by what an operator has in hand: a phone as typed, a number, a key."""

import re

from django.conf import settings
from django.db.models import Q

SHORTEST_PHONE = 8
NOTHING = Q(pk__in=[])


def phone(term: str, field: str, *, only_whole: bool = False) -> Q:
    """Rows with this phone, with or without country, area and ninth digit; none if it is no phone.

    `only_whole` asks for the area too: by parts somebody could try their way to a number that is masked.
    """
    digits = _phone_digits(term)
    if not digits:
        return NOTHING
    national = digits.removeprefix("55") if len(digits) > 11 else digits
    if len(national) < 10:
        if only_whole:
            return NOTHING
        return Q(**{f"{field}__endswith": national[-8:]})
    return _whole(national, field)


def number(term: str, *fields: str) -> Q:
    """Rows that carry this number in one of the fields, also written as `#123`; none if it is no number."""
    text = term.removeprefix("#")
    found = NOTHING
    if text.isdecimal() and len(text) < 19:
        for field in fields:
            found |= Q(**{field: int(text)})
    return found


def exact(term: str) -> Q:
    """Events by an indexed column: the whole phone, the number, or the key that the sender gave."""
    digits = _phone_digits(term)
    national = digits.removeprefix("55") if len(digits) > 11 else digits
    whole = _whole(national, "phone") if len(national) >= 10 else NOTHING
    sources = [*settings.SOURCES, "whatsapp", "api"]
    return whole | number(term, "pk") | Q(source__in=sources, key=term)


def _phone_digits(term: str) -> str:
    digits = re.sub(r"\D", "", term)
    return digits if len(digits) >= SHORTEST_PHONE and not re.search(r"[^\d\s()+.-]", term) else ""


def _whole(national: str, field: str) -> Q:
    area, last = national[:2], national[-8:]
    return Q(**{f"{field}__in": [f"55{area}{last}", f"55{area}9{last}", national]})
