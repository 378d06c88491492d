"""Phones that a person types in a form of the console: nothing is added to them that was not typed.

A system keeps old numbers without the ninth digit, and intake adds it. Of a person any digit may be missing.
"""

import re

from django.utils.translation import gettext as _

MOBILE = re.compile(r"55[0-9]{2}(9[0-9]{8})")


def problem(typed: str, kept: str) -> str:
    """What is wrong with a phone typed so that would be kept so; empty when all that is kept was typed."""
    text = typed.strip()
    digits = "".join(character for character in text if character.isdecimal())
    mobile = MOBILE.fullmatch(kept)
    if mobile and not digits.endswith(mobile[1]):
        return _("Falta um dígito: celular tem nove depois do DDD. Escreva todos, como (11) 98765-4321.")
    if kept.startswith("+") and not (
        "+" in text or text.startswith("00")
    ):  # WhatsApp's own have no plus sign
        return _("Comece com + e o código do país. O código do Brasil é +55.")
    return ""
