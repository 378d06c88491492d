"""How the company's own systems write an envelope, made into the hub's: one function per sender that differs.

They send once, without an id, and read no answer: what they send cannot be asked for again.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.conf import settings

from events.flow import Data
from events.intake.envelope import ID_NAMES, MOMENT_NAMES, TYPE_NAMES

SOURCE_NAMES = ("source", "source_system")
DATA_NAMES = ("data", "payload")
ENVELOPE = {*TYPE_NAMES, *ID_NAMES, *MOMENT_NAMES, *SOURCE_NAMES, *DATA_NAMES}
OTHER_NAMES = {"documentos-lgpd": "documentos"}
NAMELESS = "Cliente"  # how a lead of marketing is called that gave no name


def system(name: Any) -> str:
    """The hub's name of a system, as in `crm` for `carinho-crm`; empty for one that it does not know."""
    bare = name.strip().removeprefix("carinho-") if isinstance(name, str) else ""
    known = OTHER_NAMES.get(bare, bare)
    return known if known in settings.SOURCES else ""


def source_of(body: Any, headers: Mapping[str, str], bound_to: Collection[str] = ()) -> str:
    """Which system an envelope says it comes from, else the one its key is bound to, else "api"."""
    said = [body.get(name) for name in SOURCE_NAMES] if isinstance(body, dict) else []
    unnamed = next(iter(bound_to)) if len(bound_to) == 1 else "api"
    return next(filter(None, map(system, [*said, headers.get("X-Source")])), unnamed)


def translate(body: Any, source: str) -> Any:
    """The body as an envelope with `data`, the sender's own parts in the places where a flow reads them."""
    if not isinstance(body, dict):
        return body
    if all(body.get(name) is None for name in DATA_NAMES):
        merged = {name: value for name, value in body.items() if name not in ENVELOPE}
        body = body | ({"data": merged} if merged else {})
    dialect = DIALECTS.get(source)
    return dialect(body) if dialect and isinstance(body.get("data"), dict) else body


def atendimento(body: Data) -> Data:
    """A new conversation has its person in `contact` and what was written in `message`."""
    data = dict(body["data"])
    contact, message = data.get("contact"), data.get("message")
    if isinstance(contact, dict):
        data |= {**_without(contact, "id"), "contact_id": contact.get("id"), "contact": None}
    if isinstance(message, dict):
        data |= {
            **_without(message, "id", "body"),
            "message_id": message.get("id"),
            "message": message.get("body"),
        }
    return body | {"data": _without_none(data)}


def marketing(body: Data) -> Data:
    """A lead lies in `lead`, its campaign in `source`; a conversion's contact lies in a `data` of its own."""
    data = body["data"]
    lead, utm, contact = data.get("lead"), data.get("source"), data.get("data")
    if isinstance(lead, dict):
        campaign = {name.removeprefix("utm_"): utm[name] for name in utm} if isinstance(utm, dict) else None
        known = {"lead_id": lead.get("id"), "utm": campaign, "name": lead.get("name") or NAMELESS}
        return body | {"data": _without_none(_without(data, "lead", "source") | _without(lead, "id") | known)}
    if isinstance(contact, dict):
        return body | {"data": _without_none(_without(data, "data") | contact)}
    return body


def documentos(body: Data) -> Data:
    """A person is a kind and a number, and has here the field that the other systems name them by."""
    data = body["data"]
    kind, number = data.get("subject_type"), data.get("subject_id")
    if kind not in ("client", "caregiver") or number is None:
        return body
    return body | {"data": {f"{kind}_id": number} | data}


def _without(fields: Data, *names: str) -> Data:
    return {name: value for name, value in fields.items() if name not in names}


def _without_none(fields: Data) -> Data:
    return {name: value for name, value in fields.items() if value is not None}


DIALECTS: dict[str, Callable[[Data], Data]] = {
    "atendimento": atendimento,
    "documentos": documentos,
    "marketing": marketing,
}
