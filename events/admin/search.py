"""Finding rows by what an operator has in hand: a phone as typed, a name, a number, a key.

Growing tables are searched by their indexes only. Who may not see a person's data finds it by whole values
only, so that a search cannot be used to guess it piece by piece.
"""

import re

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.contrib.postgres.search import SearchVectorExact
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from carinho import text_search
from carinho.access.roles import MAY_REVEAL
from carinho.console.base import MOST_FOUND, id_in
from events.models.event import NAMES

SHORTEST_PHONE = 8
NOTHING = Q(pk__in=[])


def phone(term: str, field: str, *, only_whole: bool = False) -> Q:
    """Rows with this phone, with or without country, area and ninth digit; none if it is no phone.

    `only_whole` asks for the area too: by parts somebody could try their way to a number that is masked.
    """
    digits = _phone_digits(term)
    if not digits:
        return NOTHING
    national = digits.removeprefix("55") if len(digits) > 11 else digits
    if len(national) < 10:
        if only_whole:
            return NOTHING
        return Q(**{f"{field}__endswith": national[-8:]})
    return _whole(national, field)


def typed_phone(term: str, *, only_whole: bool) -> str:
    """The pattern of a phone in a text, however it is typed there; empty if the term is no phone.

    `only_whole` as for `phone`.
    """
    digits = _phone_digits(term)
    national = digits.removeprefix("55") if len(digits) > 11 else digits
    if not digits or (only_whole and len(national) < 10):
        return ""
    area = national[:2] if len(national) >= 10 else ""
    between = '[^0-9A-Za-z"]{0,2}'
    ninth = f"{between}9?{between}" if area else between
    return between.join(area) + ninth + between.join(national[-8:]) + "(?![0-9])"


def matching(request: HttpRequest, queryset: QuerySet, *parts: Q) -> QuerySet:
    """The rows that match one of these, looked for once: a list counts them and shows them.

    Each part apart, so that it is found by its own indexes: with OR each row's event would be read. Of what
    nearly all rows match a page needs the newest, as many as it counts; an action and a file need all.
    """
    most = MOST_FOUND if request.method == "GET" else None
    found = [queryset.order_by("-pk").filter(part).values_list("pk", flat=True)[:most] for part in parts]
    return queryset.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [list(found[0].union(*found[1:]))]))


def number(term: str, *fields: str) -> Q:
    """Rows that carry this number in one of the fields, also written as `#123`; none if it is no number."""
    id = id_in(term.removeprefix("#"))
    found = NOTHING
    if id is not None:
        for field in fields:
            found |= Q(**{field: id})
    return found


def name(term: str, field: str, *, whole: bool) -> Q:
    """Rows whose event names such a person; `field` leads to its data. `whole` asks for the full name."""
    query = text_search.search(term, whole=whole)
    if query is None or any(character.isdigit() for character in term):
        return NOTHING
    found = Q(SearchVectorExact(text_search.of_keys(field, NAMES), query))
    if whole:
        full = NOTHING
        for key in NAMES:
            full |= Q(**{f"{field}__{key}__iexact": term})
        found &= full
    return found


def exact(term: str) -> Q:
    """Events by an indexed column: the whole phone, the number, or the key that the sender gave."""
    sources = [*settings.SOURCES, "whatsapp", "api"]
    return phone(term, "phone", only_whole=True) | number(term, "pk") | Q(source__in=sources, key=term)


def only_whole(user: PermissionsMixin | AnonymousUser) -> bool:
    """Whether this person may search a person's data by whole values only."""
    return not user.has_perm(MAY_REVEAL)


def _phone_digits(term: str) -> str:
    digits = re.sub(r"\D", "", term)
    return digits if len(digits) >= SHORTEST_PHONE and not re.search(r"[^\d\s()+.-]", term) else ""


def _whole(national: str, field: str) -> Q:
    area, last = national[:2], national[-8:]
    return Q(**{f"{field}__in": [f"55{area}{last}", f"55{area}9{last}", national]})
