"""What of each event a viewer may read is declared here; a new field is masked until it has a line."""

import pytest
from pydantic import BaseModel

from carinho.masking import mask
from events.flow import Flow

SHOWN = {
    "id and amount": {"client_id", "lead_id", "service_id", "caregiver_id", "invoice_id", "payment_id"}
    | {"payout_id", "message_id", "lid", "amount", "rating", "subject_id", "contract_id", "document_id"}
    | {"contact_id", "conversation_id", "content_id", "campaign_id"},
    "count": {"count", "critical_count", "warning_count", "risk_count", "overdue_count"},
    "kind": {"type", "subject_type", "doc_type", "consent_type", "request_type", "channel"},
    "moment": {"starts_at", "started_at", "finished_at", "paid_at", "received_at", "changed_at"},
    "state": {"kind", "status", "error"},  # of Z-API, about its own sending
    "campaign": {"utm.source", "utm.medium", "utm.campaign", "utm.term", "utm.content"},
}
VALUES = ["dipirona", 82]


def _fields(payload: type[BaseModel], before: str = ""):
    for name, field in payload.model_fields.items():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        parts = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        for part in parts:
            yield from _fields(part, f"{before}{name}.")
        if not parts:
            yield before + name


@pytest.mark.parametrize("type", sorted(Flow.registry))
def test_viewer_reads_of_an_event_what_is_declared_and_no_more(type):
    shown = set()
    for path in _fields(Flow.registry[type].payload):
        for value in VALUES:
            data = value
            for name in reversed(path.split(".")):
                data = {name: data}
            if mask(data) == data:
                shown.add(path)
    declared = set().union(*SHOWN.values())
    assert shown == declared & set(_fields(Flow.registry[type].payload))
