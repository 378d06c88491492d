"""All that the hub holds of one person, for that person: the rows that an erasure would empty, in clear."""

import json
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst

from carinho.database import run
from monitoring.erasable import tables
from monitoring.person_rows import PersonRows

Row = dict[str, Any]
OURS = {  # how the hub works, and nothing of the person
    *(
        "digest",
        "idempotency_key",
        "leased_until",
        "claimed_at",
        "request_id",
        "trace_id",
        "due_at",
        "is_probe",
    ),
    *("version", "redacted_at", "delay_seconds"),
}


def of_person(who: PersonRows) -> dict[str, Any]:
    """The rows by table, as a machine reads them."""
    rows = {table.table: _rows(table.table, table.rows, who) for table in tables()}
    return {
        "generated_at": timezone.now().isoformat(),
        "phones": list(who.keys.phones),
        "known_as": list(who.keys.subjects),
        "tables": {name: found for name, found in rows.items() if found},
    }


def sections(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The same for people: each table by its title, each value by its label."""
    return [
        {
            "title": title_of(table),
            "rows": [
                [
                    (_label(table, name), _shown(value))
                    for name, value in row.items()
                    if value not in (None, "", {}, [])
                ]
                for row in rows
            ],
        }
        for table, rows in report["tables"].items()
    ]


def title_of(table: str) -> str:
    model = _model_of(table)
    return capfirst(str(model._meta.verbose_name_plural)) if model else table


def _rows(table: str, condition: str, who: PersonRows) -> list[Row]:
    found = run(f"SELECT to_jsonb({table}) FROM {table} WHERE {condition} ORDER BY id", who.parameters)  # noqa: S608
    rows = (json.loads(text) for (text,) in found)
    return [{name: value for name, value in row.items() if name not in OURS} for row in rows]


def _model_of(table: str) -> type[Model] | None:
    models = (model for model in apps.get_models() if model._meta.db_table == table and not model._meta.proxy)
    return next(models, None)


def _label(table: str, column: str) -> str:
    model = _model_of(table)
    try:
        field = model._meta.get_field(column.removesuffix("_id") or column) if model else None
    except FieldDoesNotExist:
        field = None
    label = getattr(field, "verbose_name", column)
    return capfirst(str(label))


def _shown(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return date_format(timezone.localtime(moment), "d/m/Y H:i") if moment.tzinfo else value
