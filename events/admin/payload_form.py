"""A form of an event's data, made from what its payload declares: every value as people write it.

A field that the operator left alone keeps the value that is stored, whatever its type.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import phonenumbers
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from carinho import money
from events import titles, typed_phones
from events.differences import differences, value_at, with_value
from events.flow import Data
from events.intake.payload import Payload

PREFIX = "data."  # as intake names the fields of an event's data
LARGEST = 2**63 - 1  # of any number that is stored
BRAZIL, LONGEST_NATIONAL = 55, 11  # its country code, and digits of a number with area code
LONG = 60  # characters; a longer text gets more than one line
DAY = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:,?\s+(?:às\s+)?([0-9]{1,2})[:h]([0-9]{2})(?::([0-9]{2}))?)?"
)
MONEY = f"^{money.TEXT.pattern}$"
EXAMPLES = {"2026-01-23T10:30:00-03:00": "23/01/2026 10:30", "150.00": "150,00", "2026-01-23": "23/01/2026"}
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class FormField:
    """One line of the form; a group is only the heading of those that follow it one step deeper.

    `name` is that of intake, so that a wrong field finds its place.
    """

    name: str
    label: str
    kind: str
    depth: int
    stored: Any
    is_required: bool
    text: str
    problem: str = ""
    bounds: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        return self.name.removeprefix(PREFIX)

    @property
    def is_group(self) -> bool:
        return self.kind == "group"

    @property
    def is_long(self) -> bool:
        return self.kind == "text" and (len(self.text) > LONG or "\n" in self.text)

    @property
    def is_extra(self) -> bool:
        """Whether it is of no use unless the operator knows it: the sender left it out, and may."""
        return not (self.is_group or self.is_required or self.text or self.problem)

    @property
    def hint(self) -> str:
        """How it is written, or what its number counts."""
        if self.bounds:
            return _("de %d a %d") % self.bounds
        if self.kind == "integer" and self.path.endswith("_id"):
            return _("número no sistema")
        return {
            "phone": _("como (11) 98765-4321"),
            "money": _("em reais, como 1.234,56"),
            "moment": _("como 23/01/2026 10:30"),
            "day": _("como 23/01/2026"),
        }.get(self.kind, "")


def fields(payload: type[Payload], data: Data) -> list[FormField]:
    """The form's lines: what the payload declares, then what the sender gave besides."""
    schema = payload.model_json_schema()
    return list(_walk(schema, data, schema.get("$defs", {}), PREFIX, 0))


def read(payload: type[Payload], data: Data, posted: Mapping[str, str]) -> Data:
    """The data with what the operator wrote; what is not in the form stays."""
    for field in fields(payload, data):
        text = _written(posted.get(field.name, field.text))
        if not field.is_group and text != _written(field.text):
            data = with_value(data, field.path, _value(field, text))
    return data


def phone_problems(payload: type[Payload], before: Data, typed: Data, kept: Data) -> dict[str, str]:
    """What is wrong with each phone that was typed anew, though intake would take it from a system."""
    changed = differences(before, typed)
    phones = [field for field in fields(payload, typed) if field.kind == "phone" and field.path in changed]
    found = {
        field.name: typed_phones.problem(field.text, str(value_at(kept, field.path) or ""))
        for field in phones
    }
    return {name: sentence for name, sentence in found.items() if sentence}


def _written(text: str) -> str:
    """A browser ends lines in its own way."""
    return text.replace("\r\n", "\n").replace("\x00", "").strip()


def as_typed(
    shown: list[FormField], posted: Mapping[str, str], problems: Mapping[str, str]
) -> tuple[list[FormField], list[str]]:
    """The lines with what the operator wrote and what is wrong with it; and what no line can show."""
    named = {field.name for field in shown}
    lines = [
        replace(
            field,
            text=posted.get(field.name, field.text),
            problem=sentence_for_people(problems.get(field.name, "")),
        )
        for field in shown
    ]
    return lines, [sentence_for_people(sentence) for name, sentence in problems.items() if name not in named]


def sentence_for_people(sentence: str) -> str:
    """Intake's sentence with its examples as people, not programs, write them."""
    for written, example in EXAMPLES.items():
        sentence = sentence.replace(written, example)
    return sentence


def _walk(
    schema: Schema, data: Any, definitions: Mapping[str, Schema], path: str, depth: int
) -> Iterator[FormField]:
    declared, data = schema.get("properties", {}), data if isinstance(data, Mapping) else {}
    required = schema.get("required", ())
    for name in [*declared, *(name for name in data if name not in declared and "." not in name)]:
        own, value = declared.get(name, {}), data.get(name)
        label = str(own.get("title") or titles.field(name))
        choices = list(_choices(own, definitions))
        group = next((choice for choice in choices if "properties" in choice), None)
        inner = group or ({} if name not in declared and isinstance(value, Mapping) else None)
        if inner is not None:
            yield FormField(path + name, label, "group", depth, value, name in required, "")
            yield from _walk(inner, value, definitions, f"{path}{name}.", depth + 1)
        elif name in declared or not isinstance(value, list):
            kind = _declared_kind(choices) if name in declared else _kind_of(value)
            shown, bounds = _shown(kind, value), _bounds(choices)
            yield FormField(path + name, label, kind, depth, value, name in required, shown, bounds=bounds)


def _choices(schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[Schema]:
    """What a field may be, alternatives and references followed."""
    if reference := schema.get("$ref"):
        schema = definitions[reference.rpartition("/")[2]]
    yield schema
    for choice in [*schema.get("anyOf", ()), *schema.get("allOf", ())]:
        yield from _choices(choice, definitions)


def _declared_kind(choices: list[Schema]) -> str:
    formats, types = (
        {choice.get("format") for choice in choices},
        {str(choice.get("type")) for choice in choices},
    )
    if "phone" in formats:
        return "phone"
    if "date-time" in formats:
        return "moment"
    if "date" in formats:
        return "day"
    if any(choice.get("pattern") == MONEY for choice in choices):
        return "money"
    return next((kind for kind in ("boolean", "integer", "number") if kind in types), "text")


def _bounds(choices: list[Schema]) -> tuple[int, int] | None:
    """Between which numbers it may be, where these are few."""
    for choice in choices:
        least, most = choice.get("minimum"), choice.get("maximum", LARGEST)
        if least is not None and most < LARGEST:
            return least, most
    return None


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return {int: "integer", float: "number"}.get(type(value), "text")


def _shown(kind: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    if kind == "money":
        return _shown_money(value)
    if kind == "phone":
        return _shown_phone(str(value))
    return _shown_moment(value) if kind in ("moment", "day") and isinstance(value, str) else str(value)


def _shown_money(value: Any) -> str:
    try:
        return number_format(money.read(value), 2, force_grouping=True)
    except money.NotMoney:
        return str(value)


def _shown_phone(text: str) -> str:
    """A Brazilian one as people write it; any other, and what is none, as it came."""
    digits = re.sub(r"\D", "", text)
    has_country = text.startswith("+") or len(digits) > LONGEST_NATIONAL
    try:
        number = phonenumbers.parse(f"+{digits}" if has_country else digits, "BR")
    except phonenumbers.NumberParseException:
        return text
    if number.country_code != BRAZIL or not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def _shown_moment(text: str) -> str:
    try:
        if len(text) == len("2026-01-23"):
            return f"{date.fromisoformat(text):%d/%m/%Y}"
        moment = datetime.fromisoformat(text)
        local = timezone.localtime(moment) if moment.tzinfo else moment
        return f"{local:%d/%m/%Y %H:%M:%S}".removesuffix(":00")
    except ValueError:
        return text


def _value(field: FormField, text: str) -> Any:
    """What was written as intake takes it; what cannot be read so is left for intake to refuse."""
    if field.kind == "money":
        return money.typed(text)
    if field.kind in ("moment", "day"):
        return _moment(text)
    if field.kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if field.kind in ("integer", "number"):
        return _number(text, field.kind)
    return text


def _moment(text: str) -> str:
    written = DAY.fullmatch(text)
    if written is None:
        return text
    day, month, year, hour, minute, second = written.groups()
    iso = f"{year}-{int(month):02}-{int(day):02}"
    return f"{iso}T{int(hour):02}:{minute}:{second or '00'}" if hour else iso


def _number(text: str, kind: str) -> Any:
    try:
        return int(text) if kind == "integer" else float(text.replace(",", "."))
    except ValueError:
        return text


def yes_and_no() -> list[tuple[str, str]]:
    return [("", "—"), ("true", _("sim")), ("false", _("não"))]
