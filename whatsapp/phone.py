"""Phone numbers as people type them, the one form in which they are kept, and the key that finds a person.

A Brazilian number is kept as digits: 55, DDD, number; a mobile always with its ninth digit. A foreign one
keeps its plus sign, because without it +51 987 654 321 in Peru would be a mobile in Porto Alegre.
"""

import re
import unicodedata
from typing import Annotated, Any

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneNumberFormat
from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

LONGEST = 64  # characters; what is longer is a text, not a telephone
DDD = re.compile(r"[14689][1-9]|2[12478]|3[1-578]|5[13-5]|7[13-579]")  # the 67 that exist
STORED = re.compile(rf"55(?:{DDD.pattern})9[0-9]{{8}}")  # most of all that is asked about
WRAPPING = re.compile(r"^\W*(?:whatsapp|tel)\s*:|@(?:s\.whatsapp\.net|c\.us)\s*$")
CARRIER_PLACEHOLDER = re.compile(r"0[\W_]*x[\W_]*x")
TOLL_FREE = re.compile(r"(?:55)?0?(800[0-9]{6,7})")
MOBILE = re.compile(r"55([0-9]{2})9?([6-9][0-9]{7})")
LANDLINE = re.compile(r"55[0-9]{2}[2-5][0-9]{7}")
REGISTERED = re.compile(r"[0-9]{7,19}")


class InvalidPhone(ValueError):
    """The text is no telephone; the message is a sentence in Portuguese that says why."""


def normalize(typed: str) -> str:
    """The stored form of a number a person typed. Raises `InvalidPhone`, and nothing else, for any text.

    A stored number stays as it is. A number that comes from WhatsApp has its country code already and no plus
    sign: put one before it.
    """
    if STORED.fullmatch(typed):
        return typed
    digits, prefix = _read(typed)
    if prefix and not digits.startswith("55"):
        return _foreign(digits, prefix)
    if toll_free := TOLL_FREE.fullmatch(digits):
        return "55" + toll_free[1]
    return "55" + _complete(_national(digits[2:] if prefix else digits))


def registered(number: str) -> str:
    """The stored form of a person's number as WhatsApp gives it, empty for what is none.

    That somebody has this number is a fact, also where no numbering plan knows it (a Mexican +52 1 …): it is
    kept as it is, with a plus sign.
    """
    digits = number.removeprefix("+")
    if STORED.fullmatch(digits):
        return digits
    if not REGISTERED.fullmatch(digits):
        return ""
    try:
        return normalize("+" + digits)
    except InvalidPhone:
        return "+" + digits


def key(phone: str) -> str:
    """What both forms of a mobile have in common: DDD and last eight digits. Others are their own key."""
    mobile = MOBILE.fullmatch(phone)
    return mobile[1] + mobile[2] if mobile else phone


def variants(phone: str) -> tuple[str, ...]:
    """The digits under which WhatsApp may have registered a stored number, the usual form first."""
    mobile = MOBILE.fullmatch(phone)
    if mobile is None:
        return (phone.removeprefix("+"),)
    return (f"55{mobile[1]}9{mobile[2]}", f"55{mobile[1]}{mobile[2]}")


def is_landline(phone: str) -> bool:
    """True for a Brazilian landline, which never takes a ninth digit."""
    return LANDLINE.fullmatch(phone) is not None


def _read(typed: str) -> tuple[str, str]:
    """The digits of a text, and what says that they begin with a country code: "+", "00" or nothing."""
    if len(typed) > LONGEST:
        raise InvalidPhone(_("O telefone é longo demais: escreva como (11) 98765-4321."))
    text = WRAPPING.sub("", unicodedata.normalize("NFKC", typed).lower())
    text = CARRIER_PLACEHOLDER.sub("0", text, count=1)
    if any(character.isalnum() and not character.isdecimal() for character in text):
        raise InvalidPhone(_("O telefone tem letras: escreva só números, como (11) 98765-4321."))
    digits = "".join(str(unicodedata.decimal(character)) for character in text if character.isdecimal())
    prefix = "+" if _has_plus(text) else "00" if digits.startswith("00") else ""
    return digits.lstrip("0") if prefix else digits, prefix


def _has_plus(text: str) -> bool:
    before, plus, after = text.partition("+")
    if plus and ("+" in after or any(map(str.isdecimal, before))):
        raise InvalidPhone(_("No telefone, o sinal + só pode vir no começo."))
    return bool(plus)


def _foreign(digits: str, prefix: str) -> str:
    try:
        number = phonenumbers.parse("+" + digits)
    except NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        if prefix == "00":
            raise InvalidPhone(_("O DDD 00 não existe. De outro país, comece com + e o código do país."))
        raise InvalidPhone(_("O telefone não vale no país escrito depois do +. O código do Brasil é +55."))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _national(digits: str) -> str:
    """DDD and number. Only the length distinguishes country code 55 from DDD 55, in Rio Grande do Sul."""
    if digits.startswith("550") or (digits.startswith("5555") and len(digits) in (14, 15)):
        digits = digits[2:]  # before a trunk zero, or written twice
    if digits.startswith("0"):
        digits = digits[1:]
        return digits[2:] if len(digits) in (12, 13) else digits  # 0, the carrier, then the DDD
    return digits[2:] if len(digits) in (12, 13) and digits.startswith("55") else digits


def _complete(national: str) -> str:
    """DDD and number with the ninth digit where there is one."""
    if len(national) < 10:
        raise InvalidPhone(_("Faltam dígitos ou o DDD no telefone: escreva como (11) 98765-4321."))
    if len(national) > 11:
        raise InvalidPhone(
            _("O telefone tem dígitos demais. De outro país, comece com + e o código do país.")
        )
    ddd, number = national[:2], national[2:]
    if not DDD.fullmatch(ddd):
        raise InvalidPhone(_("O DDD {ddd} não existe.").format(ddd=ddd))
    if len(number) == 9 and number[0] != "9":
        raise InvalidPhone(_("Um telefone com nove dígitos depois do DDD é celular e começa com 9."))
    if number[0] in "01":
        raise InvalidPhone(_("Depois do DDD, o telefone não pode começar com 0 nem com 1."))
    return ddd + "9" + number if len(number) == 8 and number[0] in "6789" else national


def as_text(value: Any) -> Any:
    """The digits of a whole number, which a spreadsheet writes as 11965818589.0; else the value itself."""
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if is_whole or type(value) is int else value


def _validated(value: Any, info: ValidationInfo) -> Any:
    text = as_text(value)
    if isinstance(text, float):  # pydantic would take it for a text as it stands
        raise PydanticKnownError("string_type")
    if not isinstance(text, str):
        return text  # pydantic says that it is no text
    is_fact = info.context is not None and info.context.get("source") == "whatsapp"
    if is_fact and (known := registered(text)):
        return known
    try:
        return normalize(text)
    except InvalidPhone as error:
        raise PydanticCustomError("invalid_phone_number", "{sentence}", {"sentence": str(error)}) from None


def _changed(value: Any, info: ValidationInfo) -> Any:
    return None if value is None or value == "" else _validated(value, info)


Phone = Annotated[str, BeforeValidator(_validated), WithJsonSchema({"type": "string", "format": "phone"})]
# in a list of changes: a number that was removed comes as nothing
ChangedPhone = Annotated[
    str | None, BeforeValidator(_changed), WithJsonSchema({"type": ["string", "null"], "format": "phone"})
]
