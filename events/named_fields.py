"""Which fields of an event a system named when it rejected them, as far as its answer says."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PHONE = {"phone", "telephone", "telefone", "celular", "mobile"}
WORD = re.compile(r"[^\W_]+")
Words = tuple[str, ...]


@dataclass(frozen=True)
class NamedField:
    """A field of an event as it may be named: by its path, or as people know it."""

    path: str
    label: str
    is_phone: bool

    @property
    def names(self) -> list[Words]:
        return [_words(self.path.rpartition(".")[2]), _words(self.label)]


def of(fields: Iterable[NamedField], *, answered: str, reason: str) -> list[str]:
    """The paths of the fields that an answer names: under `errors`, else in its sentence.

    `reason` is the dead letter's, whose sentence follows what was tried and where, if it says so.
    """
    fields = [field for field in fields if all(field.names)]
    named, said = _read(answered)
    if found := [field.path for field in fields if any(name in named for name in field.names)]:
        return found
    sentence = _words(f"{said} {reason.partition(': ')[2] or reason}")
    spoken = {name for field in fields for name in field.names if _is_in(name, sentence)}
    whole = {name for name in spoken if not any(_is_in(name, other) for other in spoken - {name})}
    if found := [field.path for field in fields if any(name in whole for name in field.names)]:
        return found
    is_phone = any(PHONE & set(name) for name in [*named, sentence])
    return [field.path for field in fields if field.is_phone and is_phone]


def _read(answered: str) -> tuple[list[Words], str]:
    """The names under `errors`, and the sentence."""
    try:
        body = json.loads(answered)
    except ValueError:
        return [], ""
    if not isinstance(body, Mapping):
        return [], ""
    errors = body.get("errors")
    named = [_words(name.rpartition(".")[2]) for name in errors] if isinstance(errors, Mapping) else []
    said = body.get("message") or body.get("error")
    return named, said if isinstance(said, str) else ""


def _words(text: str) -> Words:
    plain = unicodedata.normalize("NFKD", text.casefold().replace("-", ""))
    return tuple(WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


def _is_in(name: Words, sentence: Words) -> bool:
    return any(sentence[start : start + len(name)] == name for start in range(len(sentence)))
