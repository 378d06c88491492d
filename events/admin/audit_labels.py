"""What the audit log calls the fields and the codes that the actions of the events' pages record."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from pydantic import BaseModel

from carinho.console import labels
from events import titles
from events.admin import payload_fields
from events.cause_labels import CAUSES
from events.flow import Flow
from events.models import Recipe, Remedy
from events.recipes import Texts


def _titled(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        yield name, field.title or titles.field(name)
        if inner := payload_fields.model_in(field):
            yield from _titled(inner)


def _fields() -> dict[str, Any]:
    of_data = {name: title for flow in Flow.registry.values() for name, title in _titled(flow.payload)}
    texts = {text.name for text in fields(Texts)}
    return of_data | {
        column.name: column.verbose_name for column in Recipe._meta.fields if column.name in texts
    }


labels.field_titles.append(_fields)
labels.stored_words["cause"] = {code: cause.title for code, cause in CAUSES.items()}
labels.stored_words["remedy"] = dict(Remedy.choices)
