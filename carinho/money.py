"""The one reader of money: amounts in reais as other systems send them."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
LARGEST = Decimal("9999999999.99")
TEXT = re.compile(r"[0-9]+(\.[0-9]{1,2})?")  # "1.200" may be one real and twenty or twelve hundred
WRITTEN = re.compile(r"(?:R\$)?\s*([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,([0-9]{1,2}))?")


class NotMoney(ValueError):
    """What was given is no amount, or may be read as two."""


class Negative(NotMoney):
    """Nobody owes less than nothing."""


class AmountTooLarge(NotMoney):
    """More than any amount of ours has digits."""


def read(given: Any) -> Decimal:
    """Reais with two decimals. A JSON number is rounded to cents. Raises `NotMoney`."""
    if isinstance(given, str) and TEXT.fullmatch(given):
        amount = Decimal(given)
    elif isinstance(given, int | float | Decimal) and not isinstance(given, bool):
        amount = Decimal(str(given))
    else:
        raise NotMoney(f"{given!r} is no amount")
    if not amount.is_finite():
        raise NotMoney(f"{given!r} is no amount")
    if amount < 0:
        raise Negative(f"{given!r} is no amount")
    if amount > LARGEST:
        raise AmountTooLarge(f"{given!r} is no amount")
    return abs(amount).quantize(CENT, ROUND_HALF_UP)


def typed(text: str) -> str:
    """What a Brazilian types, "R$ 1.234,56" or "80", as `read` takes it; anything else as it stands.

    A bare "1.200" stays as it is: it is for the typist to say whether it is twelve hundred.
    """
    written = WRITTEN.fullmatch(text.strip())
    if written is None or ("." in written[1] and written[2] is None and "R$" not in text):
        return text.strip()
    return written[1].replace(".", "") + (f".{written[2]}" if written[2] else "")
