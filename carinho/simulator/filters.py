"""Which records a list is asked for."""

from collections.abc import Callable, Iterable
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from carinho.simulator.answers import Refusal
from carinho.simulator.tables import Record
from carinho.simulator.visit import Visit

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
DATE_LENGTH = len("2026-11-24")


def equal(visit: Visit, fields: Iterable[str]) -> Callable[[Record], bool]:
    """Records whose fields read like the parameters of the same name, as in `status=active&synced=false`.

    A record without the field reads as false.
    """
    wanted = {field: visit.query[field] for field in fields if field in visit.query}
    return lambda record: all(_as_text(record.get(field)) == value for field, value in wanted.items())


def among(visit: Visit, parameter: str, field: str) -> Callable[[Record], bool]:
    """Records whose field is named in a parameter that is a comma-separated list; all without it."""
    if parameter not in visit.query:
        return lambda _: True
    wanted = set(visit.query[parameter].split(","))
    return lambda record: _as_text(record.get(field)) in wanted


def between(visit: Visit, field: str, since: str = "from", until: str = "to") -> Callable[[Record], bool]:
    """Records whose time lies between two parameters, both included; a date means its whole day."""
    first = _moment(visit.query.get(since, ""), time.min)
    last = _moment(visit.query.get(until, ""), time.max)

    def keep(record: Record) -> bool:
        moment = _moment(str(record.get(field) or ""), time.min)
        if moment is None:
            return first is None and last is None
        return (first is None or moment >= first) and (last is None or moment <= last)

    return keep


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(bool(value)).lower()
    return str(value)


def _moment(text: str, of_day: time) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"Invalid date: {text[:40]}") from None
    if len(text) == DATE_LENGTH:
        moment = datetime.combine(moment, of_day)
    return moment if moment.tzinfo else moment.replace(tzinfo=SAO_PAULO)
