"""An event's data as labelled fields: the labels are the titles that its payload declares."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_args

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from carinho import money
from carinho.masking import mask
from events import titles
from events.admin.person import readable_phone
from events.flow import Flow
from events.intake.payload import ValueLabels
from events.models import Event


@dataclass(frozen=True)
class Labelled:
    """One line: what it is, its value in words, how deep it lies, and the phone as it was typed."""

    name: str
    label: str
    value: str
    depth: int = 0
    as_sent: str = ""


def of(event: Event, *, revealed: bool) -> list[Labelled]:
    """All fields the sender gave, masked unless `revealed`."""
    data, typed = (event.data, event.as_sent) if revealed else (mask(event.data), {})
    flow = Flow.registry.get(event.type)
    return list(lines(data, flow.payload if flow else None, typed))


def pretty(event: Event, *, revealed: bool) -> str:
    return json.dumps(event.data if revealed else mask(event.data), ensure_ascii=False, indent=2)


def lines(
    data: Mapping[str, Any],
    model: type[BaseModel] | None,
    typed: Mapping[str, Any] = MappingProxyType({}),
    path: str = "",
    depth: int = 0,
) -> Iterator[Labelled]:
    declared = model.model_fields if model else {}
    for name in [
        *(name for name in declared if name in data),
        *(name for name in data if name not in declared),
    ]:
        value, field, full = data[name], declared.get(name), path + name
        if value in (None, "", {}, []):
            continue
        if isinstance(value, Mapping):
            yield Labelled(full, _label(name, field), "", depth)
            yield from lines(value, model_in(field), typed, full + ".", depth + 1)
        else:
            yield _leaf(full, name, value, field, typed, depth)


def _leaf(
    full: str, name: str, value: Any, field: FieldInfo | None, typed: Mapping[str, Any], depth: int
) -> Labelled:
    if name.endswith("phone"):
        as_typed = str(typed.get(full, ""))
        return Labelled(full, _label(name, field), readable_phone(str(value)), depth, as_typed)
    return Labelled(full, _label(name, field), _said(value, field), depth)


def _label(name: str, field: FieldInfo | None) -> str:
    return str(field.title) if field and field.title else titles.field(name)


def model_in(field: FieldInfo | None) -> type[BaseModel] | None:
    kinds = [field.annotation, *get_args(field.annotation)] if field else []
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _said(value: Any, field: FieldInfo | None) -> str:
    if isinstance(value, bool):
        return _("sim") if value else _("não")
    if isinstance(value, list):
        return ", ".join(
            _said(item, None) if not isinstance(item, Mapping) else json.dumps(item) for item in value
        )
    for mark in field.metadata if field else []:
        if isinstance(mark, ValueLabels) and value in mark.labels:
            return str(mark.labels[value])
    kinds = [field.annotation, *get_args(field.annotation)] if field else []
    if datetime in kinds:
        return _moment(str(value))
    if Decimal in kinds:
        return _money(value)
    return str(value)


def _moment(text: str) -> str:
    with suppress(ValueError):  # a day without an hour stays one
        return date_format(date.fromisoformat(text), "d/m/Y")
    try:
        return date_format(timezone.localtime(datetime.fromisoformat(text)), "d/m/Y H:i")
    except ValueError:
        return text


def _money(given: Any) -> str:
    """As it came where it is no amount: "1.200" was refused, so it must not read as one real and twenty."""
    try:
        return "R$ " + number_format(money.read(given), 2, force_grouping=True)
    except money.NotMoney:
        return str(given)
