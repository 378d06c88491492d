"""The webhook addresses of the hub before this one: a flat record, made into the envelope of its event.

`id` is the record's own there, and says for ever that it came already.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from events.flow import Data
from events.intake.payload import MOMENT
from events.models import Event

UTM = ("source", "medium", "campaign", "content", "term")


def site_lead(form: Data) -> Data:
    utm = {name: form[f"utm_{name}"] for name in UTM if form.get(f"utm_{name}")}
    rest = {name: value for name, value in form.items() if not name.startswith("utm_")}
    return {"type": "lead.created", "data": rest | ({"utm": utm} if utm else {})}


def client_registered(client: Data) -> Data:
    return _envelope("client.registered", client, client_id="id", document="cpf")


def service_completed(service: Data) -> Data:
    body = _envelope("service.completed", service, service_id="id", finished_at="completed_at")
    body["data"].setdefault("started_at", _started_at(service))
    return body


def payment(record: Data) -> Data:
    type = "payment.received" if record.get("status") == "received" else "payment.failed"
    body = _envelope(type, record, payment_id="id")
    said = {"client_phone": _phone_of(record.get("client_id")), "reason": record.get("status")}
    body["data"] = {name: value for name, value in said.items() if value} | body["data"]
    return body


def payout(record: Data) -> Data:
    return _envelope("payout.processed", record, payout_id="id")


def feedback(record: Data) -> Data:
    return {"type": "feedback.received", "data": record}


LEGACY_WEBHOOKS: dict[str, tuple[str, Callable[[Data], Data]]] = {  # by path: the system that may use it
    "site/lead": ("site", site_lead),
    "crm/client-registered": ("crm", client_registered),
    "operacao/service-completed": ("operacao", service_completed),
    "financeiro/payment": ("financeiro", payment),
    "financeiro/payout": ("financeiro", payout),
    "cuidadores/feedback": ("cuidadores", feedback),
}


def _envelope(type: str, record: Data, **names: str) -> Data:
    """The record under the names of its event, with the key by which it is known again."""
    data = {name: value for name, value in record.items() if name not in names.values()}
    data |= {ours: record[theirs] for ours, theirs in names.items() if theirs in record}
    key = {"id": f"{type}:{record['id']}"} if record.get("id") else {}
    return {"type": type, **key, "data": data}


def _started_at(service: Data) -> Any:
    """The visit's end less its hours; None where one of them is no such thing."""
    try:
        end: datetime = MOMENT.validate_python(service.get("completed_at"))
        return (end - timedelta(hours=float(service.get("duration_hours", "")))).isoformat()
    except (ValueError, TypeError, OverflowError):
        return None


def _phone_of(client_id: Any) -> str:
    """The last number known of a client, which these records do not carry."""
    known = Event.objects.filter(subject=f"client:{client_id}").exclude(phone="").order_by("-pk")
    return known.values_list("phone", flat=True).first() or ""
