"""A record of a synchronisation as a person knows it: whose it is, its amount, and what differs."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho import money
from carinho.masking import mask, mask_name
from events.models.event import NAMES
from sync import labels
from sync.job import Job
from sync.models import ORPHAN, RESTORE, DifferenceKind, SyncDifference, SyncFailure

MOST_FIELDS = 4  # of a record that only one side has: the rest is on its page


@dataclass(frozen=True)
class RecordLine:
    """One record: the person, masked, the amount, and the number by which both systems know it."""

    key: str
    name: str
    amount: str
    changes: SafeString | str = ""

    def cell(self) -> SafeString:
        """Name and amount over the number, as a list shows them."""
        first = " · ".join(text for text in (self.name, self.amount) if text)
        return format_html(
            '<span class="c-cell"><span>{}</span>{}</span>',
            first or f"#{self.key}",
            format_html('<span class="c-second">#{}</span>', self.key) if first else "",
        )


def of_failure(row: SyncFailure) -> RecordLine:
    return _line(row.key, row.payload)


def of_difference(row: SyncDifference) -> RecordLine:
    """Of what the target has too much, what the hub wrote there tells whose it is."""
    data = row.payload if isinstance(row.payload, Mapping) else row.there
    return _line(row.key, data, _changes(row))


def _line(key: str, data: Any, changes: SafeString | str = "") -> RecordLine:
    if not isinstance(data, Mapping) or data.keys() <= {ORPHAN, RESTORE}:
        return RecordLine(key, "", "", changes)
    return RecordLine(key, _whose(data), _value("amount", data.get("amount")), changes)


def _whose(data: Mapping[str, Any]) -> str:
    named = next((data[name] for name in NAMES if isinstance(data.get(name), str) and data[name]), "")
    if named:
        return mask_name(named)
    return _("cliente %s") % data["client_id"] if data.get("client_id") else ""


def _changes(row: SyncDifference) -> SafeString | str:
    """Each field that differs: what the target has, and what it is to have.

    Of a whole record that only one side has, its first fields.
    """
    if row.kind == DifferenceKind.MISSING_THERE:
        return _first_fields(mask(_wanted(row)), "<ins>{}</ins>")
    if row.kind == DifferenceKind.ORPHAN:
        return _first_fields(mask(row.there or {}), "<del>{}</del>")
    if row.kind == DifferenceKind.MISSING_HERE:
        return _("igual nos dois; só falta a confirmação")
    if not row.fields or not isinstance(row.there, Mapping):
        return labels.fields(row.fields)
    there, wanted = mask(row.there), mask(_wanted(row))
    parts = [
        (labels.fields([name]), _value(name, there.get(name)) or _("vazio"), _value(name, wanted.get(name)))
        for name in row.fields
    ]
    return format_html_join(
        " ",
        '<span class="c-change"><b>{}</b> <del>{}</del>{}</span>',
        (
            (label, before, format_html(" → <ins>{}</ins>", after) if after else "")
            for label, before, after in parts
        ),
    )


def _first_fields(record: Mapping[str, Any], mark: str) -> SafeString:
    said = [(labels.fields([name]), _value(name, value)) for name, value in record.items()]
    said = [(label, value) for label, value in said if value]
    shown = format_html_join(
        " ",
        '<span class="c-change"><b>{}</b> {}</span>',
        ((label, format_html(mark, value)) for label, value in said[:MOST_FIELDS]),
    )
    left = len(said) - MOST_FIELDS
    if left <= 0:
        return shown
    more = ngettext("e mais %d campo", "e mais %d campos", left) % left
    return format_html('{} <span class="c-change c-muted">{}</span>', shown, more)


def _wanted(row: SyncDifference) -> Mapping[str, Any]:
    try:
        return Job.registry[row.job_id].wanted(row.payload or {})
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _value(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("sim") if value else _("não")
    if isinstance(value, list):
        return ", ".join(_value(name, one) for one in value)
    if isinstance(value, Mapping):  # what is so on each weekday
        return "; ".join(f"{labels.weekday(day)}: {_value(name, there)}" for day, there in value.items())
    return _said(name, value)


def _said(name: str, value: Any) -> str:
    with suppress(ValueError):  # else as it came
        if name == "amount":
            return "R$ " + number_format(money.read(value), 2, force_grouping=True)
        if name.endswith("_on"):
            return date_format(date.fromisoformat(str(value)), "d/m/Y")
    if name == "status" and value in ("cancelled", "canceled"):
        return _("cancelada")
    return labels.weekday(str(value)) if name == "weekdays" else str(value)
