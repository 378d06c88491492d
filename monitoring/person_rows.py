"""Whose rows are a person's own, and the patterns by which a text names them."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from carinho.database import run
from events.intake import ingestion
from events.intake.envelope import DERIVED_KEY
from events.models import DeadLetter, Event
from events.models.event import NAMES
from monitoring.person_keys import PersonKeys
from whatsapp import contacts
from whatsapp.models import SentMessage

NEVER = "(?=a)b"  # a pattern that matches nothing
ALIKE = {
    letter: f"[{letters}]"
    for letters in ("aáàâãä", "eéèêë", "iíìîï", "oóòôõö", "uúùûü", "cç", "nñ")
    for letter in letters
}
SHORTEST_NAME = 5  # characters
SHORTEST_FIRST_NAME = 3
BRAZILIAN = re.compile(r"55[1-9]{2}9?[0-9]{8}")


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
        found = [
            _name_pattern(name) for name in self._called if len(name) >= SHORTEST_NAME and " " in name.strip()
        ]
        local = {phone[-8:] for phone in self.keys.phones if len(phone) >= 10}
        found += [rf"(?<!\d)9?\s?{digits[:4]}\D?{digits[4:]}(?!\d)" for digits in local]
        return _any_of([found_ for found_ in (self.marks, *found) if found_ != NEVER])

    @cached_property
    def first_names(self) -> str:
        """What others are called too: only a person can tell who is meant."""
        words = {name.split()[0] for name in self._called if name.strip()}
        return _any_of(_name_pattern(word) for word in words if len(word) >= SHORTEST_FIRST_NAME)

    @cached_property
    def _called(self) -> set[str]:
        return {*self._texts(*self._names), *(contact.name for contact in self.keys.contacts)}

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
            "quotes": self.quotes,
            **self._known_again,
        }

    @property
    def _known_again(self) -> dict[str, str]:
        """By event, what stands in place of its digest, and of a key that names the person."""
        keys, digests = {}, {}
        naming = re.compile(f"{self.quotes}|^{re.escape(DERIVED_KEY)}", re.IGNORECASE)
        events = Event.objects.filter(pk__in=self.events)
        for pk, key, digest in events.values_list("pk", "key", "digest"):
            digests[str(pk)] = ingestion.erased_digests_of(digest)[0]
            if naming.search(key):
                keys[str(pk)] = ingestion.erased_keys_of(key)[0]
        return {"erased_keys": json.dumps(keys), "erased_digests": json.dumps(digests)}

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


def _any_of(patterns: Iterable[str]) -> str:
    return "|".join(sorted(set(patterns))) or NEVER


def _phone_pattern(phone: str) -> str:
    """The number in any of the ways in which people write it."""
    digits = phone.removeprefix("+")
    if BRAZILIAN.fullmatch(phone):
        number = rf"{digits[2:4]}\D{{0,3}}9?\D{{0,2}}{digits[-8:-4]}\D{{0,2}}{digits[-4:]}"
        return rf"(?<!\d)(?:55\D{{0,3}})?0?{number}(?!\d)"
    return r"(?<!\d)" + r"\D{0,2}".join(map(re.escape, digits)) + r"(?!\d)"


def _name_pattern(name: str) -> str:
    words = (
        "".join(ALIKE.get(letter, re.escape(letter)) for letter in word.lower()) for word in name.split()
    )
    return r"(?<!\w)" + r"[\s._-]+".join(words) + r"(?!\w)"


def _fields(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield name, value
            yield from _fields(value)
    elif isinstance(data, list):
        for inner in data:
            yield from _fields(inner)
