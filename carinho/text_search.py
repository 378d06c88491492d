"""Finding rows by the words of a text, through an index: PostgreSQL's own, without an extension."""

import re

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import F, Func, TextField, Value
from django.db.models.expressions import Combinable

ACCENTED, BARE = "áàâãäéèêëíìîïóòôõöúùûüçñ", "aaaaaeeeeiiiiooooouuuucn"
BARED = str.maketrans(ACCENTED, BARE)
MOST_WORDS = 8


class Words(Func):
    """The words of a text, without accents and case: what an index holds and a search compares with."""

    function = "to_tsvector"
    template = f"to_tsvector('simple'::regconfig, translate(lower(%(expressions)s), '{ACCENTED}', '{BARE}'))"
    output_field = SearchVectorField()


def of(field: str) -> Words:
    return Words(F(field))


def of_keys(field: str, keys: tuple[str, ...]) -> Words:
    """The words of these keys of a JSON object; those it does not have count as empty."""
    return Words(_Joined(*(_Key(F(field), Value(key)) for key in keys)))


def search(text: str, *, whole: bool) -> SearchQuery | None:
    """Rows with every word of the text, the last of which may be only begun; None of a text without words."""
    words = re.findall(r"[^\W_]+", text.lower().translate(BARED))[:MOST_WORDS]
    if not words:
        return None
    last = words[-1] if whole else f"{words[-1]}:*"
    return SearchQuery(" & ".join([*words[:-1], last]), config="simple", search_type="raw")


class _Key(Func):
    template = "coalesce((%(expressions)s), '')"
    arg_joiner = " ->> "
    output_field = TextField()


class _Joined(Func):
    template = "(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = TextField()

    def __init__(self, *texts: Combinable) -> None:
        super().__init__(*texts)
