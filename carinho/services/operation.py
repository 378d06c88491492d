"""How a call of a system is declared: what is asked, sent and read, and what else holds of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

INTEGER, TEXT, MOMENT, DAY, MONEY = "integer", "text", "moment", "day", "money"
NUMBER, TRUTH, OBJECT, LIST = "number", "truth", "object", "list"  # besides, of what is sent
PHONE = "5511900000000"  # of nobody: mobile numbers go on with another digit than 0
NOBODYS = "5511900000009"
EMAIL = "teste@example.com"
RECORDS = {  # of a copy, by whose numbers a person says what the check may be about
    "lead": _("um lead"),
    "client": _("um cliente"),
    "contract": _("um contrato"),
    "caregiver": _("um cuidador"),
    "service": _("um atendimento"),
    "schedule": _("uma agenda"),
    "invoice": _("uma fatura"),
    "payment": _("um pagamento"),
}


def fresh(now: datetime) -> dict[str, str]:
    """What the examples say of time, in the future where a system may ask for that, and a visit of nobody."""
    local = timezone.localtime(now).replace(microsecond=0)
    visit = int(local.timestamp())
    return {
        "now": local.isoformat(),
        "today": local.date().isoformat(),
        "soon": (local.date() + timedelta(days=30)).isoformat(),
        "later": (local.date() + timedelta(days=210)).isoformat(),
        "new": f"{visit}",
        "reference": f"service-{visit}",
    }


IDS = dict.fromkeys(RECORDS, "1") | {  # what a call is about, unless something else is given
    "phone": PHONE,
    "new": "999999001",
    "reference": "service-999999001",
    "now": "2030-01-30T10:00:00-03:00",
    "today": "2030-01-30",
    "soon": "2030-03-01",
    "later": "2030-08-28",
}
NOBODY = dict.fromkeys(RECORDS, "999999999") | {"phone": NOBODYS, "reference": "service-999999999"}
SAMPLES: dict[str, Any] = {  # by kind, what an answer says
    INTEGER: 7,
    MOMENT: "2026-01-30T10:00:00-03:00",
    DAY: "2026-02-02",
    MONEY: "150.00",
}
TEXTS = {"phone": PHONE, "name": "Rosa Lima", "status": "open", "reference": "service-7"}


class Id(str):
    """In an example of what is sent: the number of the record of this name in `IDS`."""

    __slots__ = ()


@dataclass(frozen=True)
class Mark:
    """From a write on, the list `reader` gives the record under the other value of `filter`."""

    reader: str
    filter: str
    before: str
    after: str


@dataclass(frozen=True)
class SentField:
    """A field of a body. `values` are the only ones that it may have; empty where it may have any."""

    name: str
    kind: str
    is_always_sent: bool
    values: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Operation:
    """One call. `query` and `sends` are examples; `gives` are the fields that the hub reads, by type.

    `may_ask` and `may_send` are what comes besides at times, or in their place, by an example each.
    `may_lack` are fields of `sends` that do not come each time, `values` what the others are one of.
    `nothing` are changes of the query, by the first filter of each of which no record fits it, `refused` a
    body that has to be refused, `rules` what else the other side has to know. `shown_by` names the call that
    reads back what this one wrote, `undone_by` the one that removes it. `lists` is the kind of the records
    that a list is of. `creates`: the record of the path need not be there before.
    `again` is what a second write of the same record says otherwise; with `keeps_the_first`, nothing changes
    by it; with `keeps_the_rest` it says nothing else, and all else stays; with `is_one_more` it is another
    record beside the first.
    `may_conflict`: refused with 409 where another record has it; with `names_the_first` a second of the same
    is, and the number of the first in `data.id`.
    `sets_a_state`: a second time changes nothing, also where idempotency keys are not honoured.
    `is_optional`: asked beyond what the company's systems agreed on, so only of one whose `<SYSTEM>_LACKS`
    was set without it.
    """

    system: str
    name: str
    title: Any
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    may_ask: Mapping[str, str] = field(default_factory=dict)
    nothing: tuple[Mapping[str, str], ...] = ()
    sends: Mapping[str, Any] = field(default_factory=dict)
    may_send: Mapping[str, Any] = field(default_factory=dict)
    may_lack: tuple[str, ...] = ()
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    refused: Mapping[str, Any] = field(default_factory=dict)
    gives: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Any, ...] = ()
    shown_by: str = ""
    undone_by: str = ""
    mark: Mark | None = None
    lists: str = ""
    creates: bool = False
    again: Mapping[str, Any] = field(default_factory=dict)
    keeps_the_first: bool = False
    keeps_the_rest: bool = False
    is_one_more: bool = False
    may_conflict: bool = False
    names_the_first: bool = False
    sets_a_state: bool = False
    is_optional: bool = False

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def is_list(self) -> bool:
        return self.reads and not self.path.endswith("}")

    @property
    def is_safe_to_repeat(self) -> bool:
        """Whether it may be made again when its end was not seen, by a system that ignores our keys."""
        return self.method != "POST" or self.sets_a_state

    @property
    def records(self) -> list[str]:
        """The kinds of records that have to exist for this call, as `client`."""
        named = re.findall(r"\{(\w+)\}", " ".join([self.path, *self.query.values()]))
        named += [value for value in self.sends.values() if isinstance(value, Id)]
        return [name for name in dict.fromkeys(named) if name in RECORDS]

    @property
    def is_about_a_record(self) -> bool:
        """Whether its path names one that has to be there: nothing can be done to one that is not."""
        return "{" in self.path and not self.creates

    @property
    def fields_sent(self) -> list[SentField]:
        return [
            SentField(name, _kind_of(name, value), name not in self.may_lack, self.values.get(name, ()))
            for name, value in self.sends.items()
        ]

    def asks(self, ids: Mapping[str, str] = IDS) -> dict[str, str]:
        """The query, about these records."""
        return {name: value.format(**ids) for name, value in self.query.items()}

    def body(self, ids: Mapping[str, str] = IDS) -> dict[str, Any]:
        """What is sent, about these records."""
        return {
            name: int(ids[value]) if isinstance(value, Id) else _filled(value, ids)
            for name, value in self.sends.items()
        }

    def wrong_body(self, ids: Mapping[str, str] = IDS) -> dict[str, Any]:
        """The same with what has to be refused; empty where nothing is sent that could be wrong."""
        return self.body(ids) | dict(self.refused) if self.refused else {}

    def answered(self) -> Any:
        """An example of the answer; None where the hub reads only whether it was done."""
        texts = TEXTS | dict(self.query)
        record = {name: SAMPLES.get(kind, texts.get(name)) for name, kind in self.gives.items()}
        if not record:
            return None
        return {"data": [record], "next_cursor": None} if self.is_list else {"data": record}

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{\w+\}", "[^/]+", self.path))


KINDS_SENT = {bool: TRUTH, int: INTEGER, float: NUMBER, dict: OBJECT, list: LIST, Id: INTEGER}


def _kind_of(name: str, example: Any) -> str:
    if name == "amount":
        return MONEY
    written = {"{now}": MOMENT, "{soon}": DAY, "{later}": DAY}
    return KINDS_SENT.get(type(example)) or written.get(example, TEXT)


def _filled(value: Any, ids: Mapping[str, str]) -> Any:
    return value.format(**ids) if isinstance(value, str) else value
