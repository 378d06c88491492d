"""The statements that take a person out of each table, by what is declared in `carinho.personal_data`.

The texts of a person's own rows are replaced; their phones, e-mails and documents are then looked for in all
other texts, and so is their name where people write freely.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

from carinho import personal_data
from carinho.database import run
from carinho.personal_data import ERASED, TextColumns
from events.intake import ingestion
from events.models import Event
from monitoring.person_rows import NEVER, PersonRows

PARAMETERS = ("events", "dead_letters", "contacts", "messages", "people", "targets", "caregivers")
EVENTS = Event._meta.db_table
FIRST = ("events_deadletter", "events_delivery", "events_event")  # in the order in which all lock them


def tables() -> list[TextColumns]:
    """Those whose rows are about people, in the order in which they are locked."""
    with_rows = [table for table in personal_data.registry.values() if table.rows]
    first = {name: number for number, name in enumerate(FIRST)}
    return sorted(with_rows, key=lambda table: first.get(table.table, len(FIRST)))


def count(table: TextColumns, who: PersonRows) -> int:
    [(number,)] = run(f"SELECT count(*) FROM {table.table} WHERE {table.rows}", who.parameters)  # noqa: S608
    return int(number)


def first_names_left(who: PersonRows) -> dict[str, int]:
    """By table, in how many rows that the team wrote their first name stays: it may be anybody's."""
    found = {}
    for table in personal_data.registry.values():
        if not table.typed or who.first_names == NEVER:
            continue
        left = [f"regexp_replace({name}::text, %(quotes)s, '', 'gi') ~* %(names)s" for name in table.typed]
        statement = f"SELECT count(*) FROM {table.table} WHERE {' OR '.join(left)}"  # noqa: S608
        [(number,)] = run(statement, {"quotes": who.quotes, "names": who.first_names})
        if number:
            found[table.table] = int(number)
    return found


def erase_everywhere(who: PersonRows) -> dict[str, int]:
    """How many rows and texts of each table were changed."""
    types, unique = text_columns(), unique_columns()
    keys = {model._meta.db_table: str(model._meta.pk.column) for model in apps.get_models()}
    erasables = {
        name: ErasableTable(table, types[name], keys[name], unique.get(name, frozenset()))
        for name, table in personal_data.registry.items()
        if table.rows or table.quoting or table.erased
    }
    counts = {table.table: erasables[table.table].erase_rows(who) for table in tables()}
    for name, erasable in erasables.items():
        counts[name] = counts.get(name, 0) + erasable.erase_quotes(who)
    return {name: number for name, number in counts.items() if number}


@dataclass(frozen=True)
class ErasableTable:
    """A table's declaration, with what the database says of it: its texts by their types, and its key.

    A text in one of the `unique` columns becomes another of its own, since two may quote alike.
    """

    declared: TextColumns
    types: Mapping[str, str]
    key: str
    unique: frozenset[str]

    def erase_rows(self, who: PersonRows) -> int:
        """Empty the rows that are the person's own."""
        theirs = f"({self.declared.rows})"
        if self.declared.by_quote:
            quoted = [
                f"{column}::text ~* %(marks)s" for column in self.declared.erased if column in self.types
            ]
            theirs = " OR ".join([theirs, *quoted])
        columns = self._set([f"{column} = {after}" for column, after in self.declared.erased.items()])
        statement = f"UPDATE {self.declared.table} SET {columns} WHERE {theirs}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement, who.parameters)
            return cursor.rowcount

    def erase_quotes(self, who: PersonRows) -> int:
        """Put a mark in place of the person wherever another row's text names them."""
        own = sorted(self.declared.erased.keys() & self.types.keys() - set(self.declared.quoting))
        found = sum(self._replace(column, who.marks) for column in own)
        found += sum(self._replace(column, who.quotes) for column in self.declared.quoting)
        if self.declared.rows and who.neighbours:
            found += sum(self._replace(column, who.quotes, who.neighbours) for column in own)
        return found

    def _replace(self, column: str, pattern: str, events: Sequence[int] | None = None) -> int:
        """In all rows, or in those of these events; the number of texts that were changed."""
        table, condition = self.declared.table, f"{column}::text ~* %(pattern)s"
        given: dict[str, Any] = {name: [] for name in PARAMETERS}
        given |= {"marks": NEVER, "quotes": NEVER, "pattern": pattern}
        if events is not None:
            condition, given["events"] = f"{condition} AND ({self.declared.rows})", list(events)
        statement = (
            f"SELECT {self.key}, {column} FROM {table} WHERE {condition} ORDER BY {self.key} FOR UPDATE"  # noqa: S608
        )
        found = run(statement, given)
        expression, is_json = re.compile(pattern, re.IGNORECASE), self.types[column] == "jsonb"
        columns = self._set([f"{column} = %s::{self.types[column]}"])
        with connection.cursor() as cursor:
            for id, value in found:
                clean = _clean(json.loads(value) if is_json else value, expression)
                new = json.dumps(clean, ensure_ascii=False) if is_json else clean
                if column in self.unique:  # a repeat of another's event still reaches nobody twice
                    new = ingestion.erased_keys_of(value)[0] if table == EVENTS else f"{ERASED} {id}"
                cursor.execute(f"UPDATE {table} SET {columns} WHERE {self.key} = %s", [new, id])  # noqa: S608
        return len(found)

    def _set(self, assignments: Iterable[str]) -> str:
        return ", ".join([*assignments, *filter(None, [self.declared.on_change])])


def _clean(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, dict):
        return {_clean(name, pattern): _clean(inner, pattern) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, pattern) for inner in value]
    is_quoted = isinstance(value, int | float) and pattern.search(str(value))
    return ERASED if is_quoted else value


def text_columns() -> dict[str, dict[str, str]]:
    """By table, every column of the database that can hold a text, with the type to which a text is cut."""
    statement = """
    SELECT table_name, column_name,
           CASE WHEN data_type = 'ARRAY' THEN 'text[]' WHEN data_type = 'jsonb' THEN 'jsonb'
                WHEN character_maximum_length IS NULL THEN 'text'
                ELSE 'varchar(' || character_maximum_length || ')' END
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
      AND (data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea')
           OR udt_name IN ('_text', '_varchar', '_bpchar'))
    """
    found: dict[str, dict[str, str]] = {}
    for table, column, type in run(statement, []):
        found.setdefault(table, {})[column] = type
    return found


def unique_columns() -> dict[str, frozenset[str]]:
    """By table, the columns of unique indexes."""
    statement = """
    SELECT pg_class.relname, array_agg(DISTINCT attname::text)
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indisunique AND pg_class.relnamespace = 'public'::regnamespace GROUP BY 1
    """
    return {table: frozenset(columns) for table, columns in run(statement, [])}
