"""What holds of every event type."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.demo import samples
from events.flow import Flow
from events.flows.documents_consent_revoked import respect_revoked_consent
from events.intake import envelope
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample

TYPES = sorted(
    type for type, flow in Flow.registry.items() if flow.payload.__module__.startswith("events.flows.")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=12), children, max_size=4)
    ),
    max_leaves=8,
)


def test_every_event_that_brings_the_number_of_a_client_or_caregiver_respects_a_consent_withdrawn_before():
    respecting = [type for type in TYPES if respect_revoked_consent in Flow.registry[type].effects]
    assert respecting == [
        "caregiver.created",
        "caregiver.status_changed",
        "caregiver.updated",
        "client.registered",
        "feedback.received",
        "payment.failed",
        "payment.received",
        "service.cancelled",
        "service.completed",
        "service.scheduled",
    ]


def test_every_promised_event_type_is_declared():
    assert TYPES == [
        "campaign.activated",
        "caregiver.activated",
        "caregiver.created",
        "caregiver.deactivated",
        "caregiver.status_changed",
        "caregiver.updated",
        "client.registered",
        "client.updated",
        "content.published",
        "contract.signed",
        "conversion.registered",
        "document.uploaded",
        "document.verified",
        "documents.consent.granted",
        "documents.consent.revoked",
        "documents.contract.created",
        "documents.contract.signed",
        "documents.lgpd.request",
        "feedback.received",
        "incident.registered",
        "lead.created",
        "lead.updated",
        "lead_received",
        "lgpd.compliance.audit",
        "lgpd.compliance.audit.failed",
        "lgpd.deadline.check",
        "lgpd.deadline.critical",
        "lgpd.deadline.overdue",
        "payment.failed",
        "payment.received",
        "payout.processed",
        "rating.received",
        "service.cancelled",
        "service.completed",
        "service.scheduled",
        "whatsapp.inbound",
        "whatsapp.status",
    ]
    assert sorted(path.stem for path in samples.FOLDER.glob("*.json")) == TYPES


@pytest.mark.parametrize("type", TYPES)
def test_sample_is_accepted_from_each_of_its_sources(type):
    for source in (*Flow.registry[type].sources, "api"):
        accepted = accept_sample(type, source=source)
        assert (accepted.type, accepted.subject != "") == (type, Flow.registry[type].subject != "")


@pytest.mark.parametrize("type", TYPES)
def test_every_field_has_a_name_in_portuguese_for_forms_and_documentation(type):
    schema = Flow.registry[type].payload.model_json_schema(mode="serialization")
    parts = [schema, *schema.get("$defs", {}).values()]
    for name, field in [pair for part in parts for pair in part["properties"].items()]:
        title = field.get("title", "")
        assert title, name
        assert title != name.replace("_", " ").title() or title in ("Lead", "E-mail", "Campanha"), name


@pytest.mark.parametrize("type", TYPES)
def test_accepted_data_is_accepted_again_unchanged(type):
    """An operator's correction and a retry are read by the same reader."""
    first = accept_sample(type)
    again = envelope.read({"type": type, "data": json.loads(json.dumps(first.data))}, source="api")
    assert again.data == first.data
    assert again.as_sent == {}


@given(body=JSON, source=st.sampled_from(["api", "site", "whatsapp", "crm"]))
def test_any_json_is_accepted_or_refused_and_nothing_else(body, source):
    with pytest.raises(RequestRejected):
        envelope.read(body, source=source)


@given(data=st.data(), type=st.sampled_from(TYPES))
def test_any_data_of_a_declared_event_is_accepted_or_refused_and_nothing_else(data, type):
    fields = st.sampled_from(
        [*Flow.registry[type].payload.model_fields, "unknown", "model_config", "__dict__"]
    )
    changes = data.draw(st.dictionaries(fields, JSON, max_size=6))
    body = samples.load(type)
    body |= data.draw(
        st.dictionaries(st.sampled_from(["id", "occurred_at", "key", "event"]), JSON, max_size=3)
    )
    body["data"] |= changes
    with suppress(RequestRejected):
        json.dumps(envelope.read(body, source="api").data)
