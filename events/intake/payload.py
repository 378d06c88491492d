"""The declaration of an event's data: validation, OpenAPI and the edit form all come from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from carinho import money
from carinho.local_time import SAO_PAULO

FIRST_YEAR, LAST_YEAR = 1900, 2200
CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
BARE_DAY = re.compile(r"\s*[0-9]{4}-?[0-9]{2}-?[0-9]{2}\s*")


def is_blank(value: Any) -> bool:
    return (value.strip() if isinstance(value, str) else value) in (None, "", [], {})


class Part(BaseModel):
    """A group of fields. Those nobody declared are kept: a sender may know more than we do."""

    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def blank_is_absent(cls, given: Any) -> Any:
        """A form sends what nobody filled in as an empty text, null or, from PHP, an empty list."""
        if not isinstance(given, dict):
            return given
        return {
            name: value for name, value in given.items() if not (is_blank(value) and cls._may_be_absent(name))
        }

    @classmethod
    def _may_be_absent(cls, name: Any) -> bool:
        field = cls.model_fields.get(name)
        return field is not None and field.default is None


@dataclass(frozen=True)
class ValueLabels:
    """What the codes of a field are called, as a mark in its annotation; by code."""

    labels: Mapping[str, Any]


class Changes(BaseModel):
    """Fields of a record that changed, with their new values; a blank one was emptied, and stays."""

    model_config = ConfigDict(extra="allow")


class Payload(Part):
    """An event's data. `happened` names the field that says when, for senders who say it only there."""

    happened: ClassVar[str] = ""


def _local(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise PydanticCustomError("datetime_parsing", "year out of range")
    return moment.replace(tzinfo=SAO_PAULO) if moment.tzinfo is None else moment.astimezone(SAO_PAULO)


def _with_an_hour(given: Any) -> Any:
    """A day alone would be taken for its midnight, and a family would expect somebody at 0h."""
    if isinstance(given, str | int) and BARE_DAY.fullmatch(str(given)):
        raise PydanticCustomError("datetime_from_date_parsing", "a day without an hour")
    return given


def _day(given: Any) -> date:
    """A moment, or only its day."""
    try:
        if isinstance(given, str) and BARE_DAY.fullmatch(given):
            day = date.fromisoformat(given.strip())
            if FIRST_YEAR <= day.year <= LAST_YEAR:
                return day
        return MOMENT.validate_python(given)
    except ValueError:
        raise PydanticCustomError("datetime_parsing", "neither a moment nor a day") from None


def _money(given: Any) -> Decimal:
    try:
        return money.read(given)
    except money.Negative:
        raise PydanticCustomError("greater_than_equal", "negative", {"ge": 0}) from None
    except money.AmountTooLarge:
        raise PydanticCustomError("decimal_max_digits", "too large") from None
    except money.NotMoney:
        raise PydanticCustomError("decimal_parsing", "no amount") from None


def _clock_time(given: str) -> str:
    if not CLOCK_TIME.fullmatch(given):
        raise PydanticCustomError("clock_time", "no time of the day")
    return given


def _without_nul(value: Any) -> Any:
    if isinstance(value, str) and "\x00" in value:
        raise PydanticCustomError("nul", "NUL character")
    return value


Text = Annotated[
    str, Field(min_length=1, max_length=4000, coerce_numbers_to_str=True), BeforeValidator(_without_nul)
]
Moment = Annotated[datetime, BeforeValidator(_with_an_hour), AfterValidator(_local)]
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
DayOrMoment = Annotated[
    date | datetime,
    PlainValidator(_day),
    PlainSerializer(lambda kept: kept.isoformat()),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}),
]
Money = Annotated[
    Decimal,
    BeforeValidator(_money),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": f"^{money.TEXT.pattern}$"},
            ]
        }
    ),
]
DayOfMonth = Annotated[int, Field(ge=1, le=31)]
ClockTime = Annotated[str, AfterValidator(_clock_time)]
Identifier = Annotated[int, Field(ge=1, le=2**63 - 1)]

SENTENCES = {
    "missing": _("Campo obrigatório."),
    "string_type": _("Deve ser um texto."),
    "string_too_short": _("Não pode ficar vazio."),
    "string_too_long": _("Longo demais: no máximo {max_length} caracteres."),
    "int_type": _("Deve ser um número inteiro."),
    "int_parsing": _("Deve ser um número inteiro."),
    "int_from_float": _("Deve ser um número inteiro."),
    "int_parsing_size": _("Número grande demais."),
    "greater_than_equal": _("Deve ser no mínimo {ge}."),
    "less_than_equal": _("Deve ser no máximo {le}."),
    "decimal_type": _("Deve ser um valor em dinheiro, como 150.00."),
    "decimal_parsing": _("Deve ser um valor em dinheiro, como 150.00."),
    "decimal_max_digits": _("Valor grande demais."),
    "decimal_whole_digits": _("Valor grande demais."),
    "datetime_type": _("Deve ser data e hora, como 2026-01-23T10:30:00-03:00."),
    "datetime_parsing": _("Deve ser data e hora, como 2026-01-23T10:30:00-03:00."),
    "datetime_from_date_parsing": _("Deve ser data e hora, como 2026-01-23T10:30:00-03:00."),
    "clock_time": _("Deve ser uma hora do dia, como 08:00."),
    "date_type": _("Deve ser um dia, como 2026-01-23."),
    "date_parsing": _("Deve ser um dia, como 2026-01-23."),
    "date_from_datetime_parsing": _("Deve ser um dia, como 2026-01-23."),
    "date_from_datetime_inexact": _("Deve ser um dia, como 2026-01-23."),
    "float_type": _("Deve ser um número."),
    "float_parsing": _("Deve ser um número."),
    "datetime_object_invalid": _("Deve ser data e hora, como 2026-01-23T10:30:00-03:00."),
    "dict_type": _("Deve ser um objeto com campos."),
    "model_type": _("Deve ser um objeto com campos."),
    "model_attributes_type": _("Deve ser um objeto com campos."),
    "list_type": _("Deve ser uma lista."),
    "bool_type": _("Deve ser verdadeiro ou falso."),
    "bool_parsing": _("Deve ser verdadeiro ou falso."),
    "literal_error": _("Deve ser um destes: {expected}."),
    "finite_number": _("Deve ser um valor em dinheiro, como 150.00."),
    "nul": _("Tem um caractere que não pode ser guardado."),
}


@cache
def phone_fields(payload: type[Payload]) -> list[str]:
    """The fields that are telephones by their type, whatever their names."""
    fields = payload.model_json_schema()["properties"]
    return [name for name, schema in fields.items() if _is_phone(schema)]


def _is_phone(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "phone" or any(_is_phone(choice) for choice in schema.get("anyOf", ()))


def phone_in(payload: type[Payload], data: Mapping[str, Any]) -> str:
    """The telephone of the person whom an event is about, the one declared first; empty without one."""
    return next((data[name] for name in phone_fields(payload) if data.get(name)), "")


def problems(error: ValidationError) -> dict[str, str]:
    """Every wrong field by its dotted path, each with a Portuguese sentence."""
    return {
        ".".join(map(str, item["loc"])) or "data": (
            str(SENTENCES[item["type"]]).format(**item.get("ctx", {}))
            if item["type"] in SENTENCES
            else item["msg"]
        )
        for item in error.errors(include_url=False, include_input=False)
    }
