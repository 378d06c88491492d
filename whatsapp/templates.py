"""The messages people receive: one file each in templates/whatsapp, with {{ variables }} and no logic.

The first line of a file is its title, for the console: `{# Pagamento recebido #}`.
"""

import re
import string
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel.dates import format_date, format_datetime
from django.conf import settings

from carinho.database import run
from carinho.local_time import SAO_PAULO

NAMELESS = "Contato do WhatsApp"  # how a lead is called in CRM whose name nobody knows
TITLE = re.compile(r"\A\{# (?P<title>.+?) #\}\n")
BRAZILIAN = str.maketrans(",.", ".,")
FIRST_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019-]){0,29}")
NO_NAMES = frozenset(  # what programs write where they know no name
    {"undefined", "null", "none", "nan", "nil", "void", "object", "unknown", "anonymous", "nulo", "nula"}
    | {"vazio", "sem", "desconhecido", "desconhecida", "anônimo", "anônima", "indefinido", "indefinida"}
)


class Text(string.Template):
    """A message with places for variables, written `{{ name }}`."""

    flags = re.NOFLAG
    pattern = r"""
        \{\{(?:
            (?P<escaped>(?!)) | \s*(?P<named>[a-z_]+)\s*\}\} | (?P<braced>(?!)) | (?P<invalid>)
        )
    """  # type: ignore[assignment]


def folder() -> Path:
    return settings.BASE_DIR / "templates" / "whatsapp"


@cache
def title(message: str) -> str:
    """The title of this message; its name if the file is gone."""
    try:
        found = TITLE.match(_file(message))
    except FileNotFoundError:
        return message
    return found["title"] if found else message


def _file(message: str) -> str:
    return (folder() / f"{message}.txt").read_text(encoding="utf-8")


@cache
def text(message: str) -> Text:
    """Raises `FileNotFoundError` for a message nobody wrote, `ValueError` for a broken place in it."""
    found = Text(TITLE.sub("", _file(message)).strip())
    if not found.is_valid():
        raise ValueError(f"templates/whatsapp/{message}.txt has a place that is not a variable.")
    return found


def parse(written: str) -> Text:
    """A text somebody wrote. Raises `ValueError` for a broken place in it."""
    made = Text(written.replace("\r\n", "\n").strip())
    if not made.is_valid():
        raise ValueError("The text has a place that is not a variable.")
    return made


def own_texts() -> dict[str, str]:
    return dict(run("SELECT name, text FROM whatsapp_template", []))


def names() -> list[str]:
    return sorted(path.stem for path in folder().glob("*.txt"))


def variables_of(written: Text) -> list[str]:
    """The variables a text uses, in the order of their first use."""
    return list(dict.fromkeys(written.get_identifiers()))


def greeting(name: str) -> str:
    """Such as "Olá, Maria", by the first name only; "Olá" when it does not look like a name."""
    first = name.partition(" ")[0]
    if name == NAMELESS or not is_name(name) or not FIRST_NAME.fullmatch(first):
        return "Olá"
    return f"Olá, {first_name(name)}"


def is_name(text: str) -> bool:
    """Whether this may be a person's name: it has a letter, and is none of NO_NAMES."""
    words = text.split()
    return any(map(str.isalpha, text)) and words[0].strip(".,:;-_()[]{}<>'\"").casefold() not in NO_NAMES


def first_name(name: str) -> str:
    """Such as "Maria" of "MARIA DA SILVA"; capitals inside a name stay as the person wrote them."""
    first = name.partition(" ")[0]
    return first.title() if first.islower() or first.isupper() else first


def money(amount: str | Decimal) -> str:
    """Reais, such as "R$ 1.234,56"."""
    # babel, which writes the days, takes 60 microseconds for this: twice for a payment, a tenth of its cost
    return f"R$ {Decimal(amount):,.2f}".translate(BRAZILIAN)


def day(moment: datetime) -> str:
    """Such as "terça-feira, 25/11", as the calendar of São Paulo shows it; a day alone is that day."""
    local = moment.astimezone(SAO_PAULO) if moment.tzinfo else moment
    return format_date(local, "EEEE, dd/MM", locale="pt_BR")


def day_and_time(moment: datetime) -> str:
    """Such as "terça-feira, 25/11, às 14h30", as the clocks of São Paulo show it."""
    local = moment.astimezone(SAO_PAULO)
    minutes = "mm" if local.minute else ""
    return format_datetime(local, f"EEEE, dd/MM, 'às' H'h'{minutes}", locale="pt_BR")
