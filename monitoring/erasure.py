"""Erases one person: what every table says of them goes, counts and the facts of the audit log stay.

What is a person's own is found by ids; their phones, e-mails and documents are then looked for in all other
texts, and so is their name where people write freely. Tables and columns: `carinho.personal_data`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from carinho.access import audit_log
from carinho.access.audit_log import HUB, Audited
from carinho.database import run
from carinho.personal_data import ERASED, TextColumns
from events import operations
from events.engine import transitions
from events.models import DeadLetter, DeadLetterStatus, Delivery, DeliveryStatus, Event
from events.models.event import NAMES
from monitoring.models import Erasure
from monitoring.person import PersonKeys, identify
from whatsapp import contacts
from whatsapp import phone as phones
from whatsapp.models import Contact, SentMessage

ORDERED = Audited("person.erase", _("pediu para apagar os dados da pessoa"))
ERASED_BY = Audited("person.erased", _("apagou os dados da pessoa"))
UNENDED = [DeliveryStatus.WAITING, DeliveryStatus.QUEUED, DeliveryStatus.RUNNING]
NEVER = "(?=a)b"  # a pattern that matches nothing
ALIKE = {
    letter: f"[{letters}]"
    for letters in ("aáàâãä", "eéèêë", "iíìîï", "oóòôõö", "uúùûü", "cç", "nñ")
    for letter in letters
}
PARAMETERS = ("events", "dead_letters", "contacts", "messages", "people", "targets", "caregivers")
SHORTEST_NAME = 5  # characters
BRAZILIAN = re.compile(r"55[1-9]{2}9?[0-9]{8}")
FIRST = ("events_deadletter", "events_delivery", "events_event")  # in the order in which all lock them


@dataclass(frozen=True)
class PersonRows:
    """Whose rows are to go: the parameters of the declarations, and the patterns of what is quoted."""

    keys: PersonKeys
    events: list[int]

    @cached_property
    def marks(self) -> str:
        """What only this person has, as a pattern that Python and PostgreSQL read alike."""
        found = [_phone_pattern(phone) for phone in self.keys.phones if len(phone) >= 8]
        found += [re.escape(contact.lid) for contact in self.keys.contacts if contact.lid]
        found += [re.escape(text) for text in self._texts("email") if "@" in text]
        for text in self._texts("document", "cpf", "cnpj"):
            if len(digits := re.sub(r"\D", "", text)) >= 8:
                found.append(r"(?<!\d)" + r"\D?".join(digits) + r"(?!\d)")
        return _any_of(found)

    @cached_property
    def quotes(self) -> str:
        """The marks, and what a sentence may call the person: a full name, a number without area."""
        named = {*self._texts(*self._names), *(contact.name for contact in self.keys.contacts)}
        found = [_name_pattern(name) for name in named if len(name) >= SHORTEST_NAME and " " in name.strip()]
        local = {phone[-8:] for phone in self.keys.phones if len(phone) >= 10}
        found += [rf"(?<!\d)9?\s?{digits[:4]}\D?{digits[4:]}(?!\d)" for digits in local]
        return _any_of([found_ for found_ in (self.marks, *found) if found_ != NEVER])

    @property
    def _names(self) -> tuple[str, ...]:
        """An event of a client may also name a caregiver, and the other way round."""
        is_caregiver = any(text.startswith("caregiver:") for text in self.keys.subjects)
        return tuple(name for name in NAMES if name != ("client_name" if is_caregiver else "caregiver_name"))

    def _texts(self, *names: str) -> set[str]:
        return {str(value) for data in self._data for name, value in _fields(data) if name in names and value}

    @cached_property
    def _data(self) -> list[Any]:
        rows = Event.objects.filter(pk__in=self.events).values_list("data", "as_sent")
        return [part for row in rows for part in row]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        letters = DeadLetter.objects.filter(event__in=self.events).values_list("pk", flat=True)
        ours = SentMessage.objects.filter(delivery__event__in=self.events)
        known = [contact.pk for contact in self.keys.contacts]
        named = {"event": self.events, "person": self.events, "contact": known}
        named["message"] = list(ours.values_list("pk", flat=True))
        return {
            "events": self.events,
            "dead_letters": list(letters),
            "contacts": known,
            "messages": [id for id in ours.values_list("message_id", flat=True) if id],
            "people": [key for contact in self.keys.contacts for key in contacts.keys_of(contact)],
            "targets": [f"{kind} {pk}" for kind, ids in named.items() for pk in ids],
            "caregivers": self.numbers("caregiver"),
            "marks": self.marks,
        }

    @cached_property
    def neighbours(self) -> list[int]:
        """Events of others that name this caregiver."""
        statement = "SELECT id FROM events_event WHERE data->>'caregiver_id' = ANY(%s) ORDER BY id"
        caregivers = self.numbers("caregiver")
        return [id for (id,) in run(statement, [caregivers])] if caregivers else []

    def numbers(self, kind: str) -> list[str]:
        return [text.partition(":")[2] for text in self.keys.subjects if text.startswith(f"{kind}:")]


def rows_of(keys: PersonKeys) -> PersonRows:
    """What the indexes find of this person at once."""
    return PersonRows(keys, list(keys.events().order_by("id").values_list("pk", flat=True)))


def keys_of_contact(contact: Contact) -> PersonKeys:
    """A person of whom perhaps only WhatsApp knows."""
    subjects = (f"contact:{contact.lid}",) if contact.lid else ()
    return PersonKeys(_spelled(contact.phone, contact.registered_phone), subjects, (contact,))


def keys_of_phone(phone: str) -> PersonKeys:
    """Whoever has this number, with all that their latest event knows of them."""
    spelled = _spelled(phone)
    latest = Event.objects.filter(phone__in=spelled).order_by("-id").first()
    if latest is not None:
        return identify(latest)
    return PersonKeys(spelled, (), tuple(Contact.objects.filter(key=phones.key(phone))))


def preview(who: PersonRows) -> dict[str, int]:
    """How many rows of each table are found by this person's ids."""
    return {name: count for name, count in ((table.table, _count(table, who)) for table in tables()) if count}


def order(keys: PersonKeys, *, actor: str) -> Erasure:
    """Write the order down; `advance` carries it out."""
    with transaction.atomic():
        stored = {
            "phones": keys.phones,
            "subjects": keys.subjects,
            "contacts": [contact.pk for contact in keys.contacts],
        }
        erasure = Erasure.objects.create(keys=stored, asked_by=actor)
        ORDERED.record(actor, f"erasure {erasure.pk}")
    return erasure


def advance() -> None:
    """Carry out what was ordered, as far as nothing of it is on its way."""
    for pk in Erasure.objects.filter(done_at=None).order_by("id").values_list("pk", flat=True):
        erase(pk)


@transaction.atomic
def erase(pk: int) -> bool:
    """Whether the person is erased; False while something is still being sent to or about them."""
    erasure = Erasure.objects.select_for_update(skip_locked=True).filter(pk=pk, done_at=None).first()
    if erasure is None:
        return False
    who = _stored(erasure.keys)
    who = PersonRows(who.keys, sorted({*who.events, *_events_elsewhere(who)}))
    if waiting := _end_open_work(who, erasure.asked_by):
        Erasure.objects.filter(pk=pk).update(waits=waiting)
        return False
    _keep_opt_outs(who)
    with audit_log.may_change("erasure"):
        counts = {table.table: _erase_rows(table, who) for table in tables()}
        for table in personal_data.registry.values():
            counts[table.table] = counts.get(table.table, 0) + _erase_quotes(table, who)
    counts = {name: count for name, count in counts.items() if count}
    Erasure.objects.filter(pk=pk).update(keys={}, done_at=timezone.now(), waits=0, counts=counts)
    ERASED_BY.record(HUB, f"erasure {pk}", {"rows": counts})
    return True


# --- who -------------------------------------------------------------------------------------------


def _stored(keys: Mapping[str, Any]) -> PersonRows:
    known = Contact.objects.filter(pk__in=keys["contacts"]).order_by("id")
    return rows_of(PersonKeys(tuple(keys["phones"]), tuple(keys["subjects"]), tuple(known)))


def _events_elsewhere(who: PersonRows) -> Iterable[int]:
    """Events that are about the person without saying so in an indexed column."""
    statement = """
    SELECT id FROM events_event WHERE data->>'client_id' = ANY(%(clients)s)
        OR phone = '' AND (data::text ~* %(marks)s OR as_sent::text ~* %(marks)s)
    """
    return (id for (id,) in run(statement, {"clients": who.numbers("client"), "marks": who.marks}))


def _spelled(*numbers: str) -> tuple[str, ...]:
    return tuple(sorted({text for phone in numbers if phone for text in (phone, *phones.variants(phone))}))


# --- what is on its way ----------------------------------------------------------------------------


def _end_open_work(who: PersonRows, actor: str) -> int:
    """Archive and cancel what waits, so that nothing goes out without its data. How many have not ended."""
    deliveries = Delivery.objects.filter(event__in=who.events)
    transitions.lock(deliveries.order_by("id").values_list("pk", flat=True))
    open_letters = DeadLetter.objects.filter(event__in=who.events, status=DeadLetterStatus.OPEN)
    operations.archive(list(open_letters.values_list("pk", flat=True)), actor=actor)
    not_begun = deliveries.filter(status__in=[DeliveryStatus.WAITING, DeliveryStatus.QUEUED])
    ids = list(not_begun.values_list("pk", flat=True))
    operations.cancel(ids, actor=actor)
    return deliveries.filter(status__in=UNENDED).count()


def _keep_opt_outs(who: PersonRows) -> None:
    """The wish to be left alone outlives the data: the law lets us keep what is needed to honour it."""
    contacts.keep_opt_outs(who.keys.contacts)


# --- the tables ------------------------------------------------------------------------------------


def tables() -> list[TextColumns]:
    """Those whose rows are about people, in the order in which they are locked."""
    with_rows = [table for table in personal_data.registry.values() if table.rows]
    first = {name: number for number, name in enumerate(FIRST)}
    return sorted(with_rows, key=lambda table: first.get(table.table, len(FIRST)))


def _count(table: TextColumns, who: PersonRows) -> int:
    [(count,)] = run(f"SELECT count(*) FROM {table.table} WHERE {table.rows}", who.parameters)  # noqa: S608
    return int(count)


def _erase_rows(table: TextColumns, who: PersonRows) -> int:
    theirs = f"({table.rows})"
    if table.by_quote:
        quoted = [f"{column}::text ~* %(marks)s" for column in table.erased if column in _texts_of(table)]
        theirs = " OR ".join([theirs, *quoted])
    return _update(table, [f"{column} = {after}" for column, after in table.erased.items()], theirs, who)


def _update(table: TextColumns, assignments: Iterable[str], condition: str, who: PersonRows) -> int:
    columns = ", ".join([*assignments, *filter(None, [table.on_change])])
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table.table} SET {columns} WHERE {condition}", who.parameters)  # noqa: S608
        return cursor.rowcount


def _erase_quotes(table: TextColumns, who: PersonRows) -> int:
    """Put a mark in place of the person wherever another row's text names them."""
    types = _texts_of(table)
    own = table.erased.keys() & types.keys() - set(table.quoting)
    found = sum(_replace(table, column, types[column], who.marks) for column in sorted(own))
    found += sum(_replace(table, column, types[column], who.quotes) for column in table.quoting)
    if table.rows and who.neighbours:
        found += sum(
            _replace(table, column, types[column], who.quotes, who.neighbours) for column in sorted(own)
        )
    return found


def _replace(
    table: TextColumns, column: str, type: str, pattern: str, events: Sequence[int] | None = None
) -> int:
    """In all rows, or in those of these events; the number of texts that were changed."""
    key, condition = _key_of(table.table), f"{column}::text ~* %(pattern)s"
    given: dict[str, Any] = {name: [] for name in PARAMETERS} | {"marks": NEVER, "pattern": pattern}
    if events is not None:
        condition, given["events"] = f"{condition} AND ({table.rows})", list(events)
    statement = f"SELECT {key}, {column} FROM {table.table} WHERE {condition} ORDER BY {key} FOR UPDATE"  # noqa: S608
    found = run(statement, given)
    expression = re.compile(pattern, re.IGNORECASE)
    columns = ", ".join([f"{column} = %s::{type}", *filter(None, [table.on_change])])
    with connection.cursor() as cursor:
        for id, value in found:
            clean = _clean(json.loads(value) if type == "jsonb" else value, expression)
            new = json.dumps(clean, ensure_ascii=False) if type == "jsonb" else clean
            cursor.execute(f"UPDATE {table.table} SET {columns} WHERE {key} = %s", [new, id])  # noqa: S608
    return len(found)


def _clean(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, dict):
        return {_clean(name, pattern): _clean(inner, pattern) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, pattern) for inner in value]
    is_quoted = isinstance(value, int | float) and pattern.search(str(value))
    return ERASED if is_quoted else value


def _texts_of(table: TextColumns) -> dict[str, str]:
    return {column: type for (name, column), type in text_columns().items() if name == table.table}


def text_columns() -> dict[tuple[str, str], str]:
    """Every column of the database that can hold a text: its type by table and name."""
    statement = """
    SELECT table_name, column_name,
           CASE data_type WHEN 'ARRAY' THEN 'text[]' WHEN 'jsonb' THEN 'jsonb' ELSE 'text' END
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
      AND (data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea')
           OR udt_name IN ('_text', '_varchar', '_bpchar'))
    """
    return {(table, column): type for table, column, type in run(statement, [])}


def _key_of(table: str) -> str:
    [(column,)] = run(
        """SELECT column_name FROM information_schema.table_constraints
           JOIN information_schema.key_column_usage USING (constraint_schema, constraint_name)
           WHERE constraint_type = 'PRIMARY KEY' AND table_constraints.table_name = %s""",
        [table],
    )
    return str(column)


# --- patterns --------------------------------------------------------------------------------------


def _any_of(patterns: Iterable[str]) -> str:
    return "|".join(sorted(set(patterns))) or NEVER


def _phone_pattern(phone: str) -> str:
    """The number in any of the ways in which people write it."""
    digits = phone.removeprefix("+")
    if BRAZILIAN.fullmatch(phone):
        number = rf"{digits[2:4]}\D{{0,3}}9?\D{{0,2}}{digits[-8:-4]}\D{{0,2}}{digits[-4:]}"
        return rf"(?<!\d)(?:55\D{{0,3}})?0?{number}(?!\d)"
    return r"(?<!\d)" + r"\D{0,2}".join(digits) + r"(?!\d)"


def _name_pattern(name: str) -> str:
    words = (
        "".join(ALIKE.get(letter, re.escape(letter)) for letter in word.lower()) for word in name.split()
    )
    return r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)"


def _fields(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield name, value
            yield from _fields(value)
    elif isinstance(data, list):
        for inner in data:
            yield from _fields(inner)
