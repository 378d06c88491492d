"""What the flows and the synchronisations send is what the contract shows of it."""

import re

import pytest

from carinho.services import contract
from carinho.services.base import Service
from events.flow import Flow, StepEvent
from sync.jobs import cuidadores_crm
from tests.events.flows.conftest import accept_sample

CHANGES = {"update_client", "update_customer"}  # of any fields: a rule says so
FREE = {"data", "changes", "utm"}


def calls_of(flow, monkeypatch):
    """The calls that all steps of a flow make: the step, the operation, and the body, None without one."""
    made = []

    def request(self, method, path, *, doing, json=None, params=None):
        made.append((step, contract.declared(self.name, method, path), json))
        number = path.rpartition("/")[2]
        record = {"id": int(number) if number.isdecimal() else 1, "client_id": 1}
        return {"data": [] if path.endswith("/leads") and method == "GET" else record}

    monkeypatch.setattr(Service, "request", request)
    accepted = accept_sample(flow.type)
    for step in flow.steps.values():
        if contract.of_system(step.to.name):
            event = StepEvent(
                id=1,
                type=accepted.type,
                source=accepted.source,
                occurred_at=accepted.occurred_at,
                payload=accepted.data,
                earlier={"lead_id": 1, "client_id": 1},
                phone=accepted.phone,
            )
            step.run(step.to("k"), event)
    return made


@pytest.mark.parametrize(
    "flow", [flow for flow in Flow.registry.values() if flow.steps], ids=lambda flow: flow.type
)
def test_every_field_that_a_flow_sends_is_shown_in_the_contract_as_what_it_is(flow, monkeypatch):
    for _step, operation, body in calls_of(flow, monkeypatch):
        if not body or operation.name in CHANGES:
            continue
        shown = operation.body() | dict(operation.may_send)
        for name, value in body.items():
            assert name in shown, (operation.name, name)
            if name not in FREE:
                assert isinstance(value, type(shown[name])), (operation.name, name, value)
        for field in operation.fields_sent:
            assert field.name in body or not field.is_always_sent, (operation.name, field.name)
            assert not field.values or body.get(field.name) in (*field.values, None), (operation.name, field)


def test_steps_of_several_events_that_write_one_record_by_the_contract_say_so(monkeypatch):
    kinds = {}
    for flow in [flow for flow in Flow.registry.values() if flow.steps]:
        for step, operation, _body in calls_of(flow, monkeypatch):
            if step.record and not operation.reads and not operation.is_one_more:
                place = re.sub(r"/\{\w+\}$", "", operation.path)
                found = kinds.setdefault((operation.system, place, step.record), {})
                found[f"{flow.type}.{step.name}"] = step.kind
    several = {place: list(found) for (_system, place, _record), found in kinds.items() if len(found) > 1}
    assert several == {
        "/api/v1/customers": ["client.registered.create_customer", "client.updated.update_customer"],
        "/api/v1/invoices": ["service.cancelled.cancel_invoice", "service.completed.create_invoice"],
    }
    assert [set(found.values()) for found in kinds.values() if len(found) > 1] == [{"customer"}, {"invoice"}]


@pytest.mark.parametrize(
    ("system", "name", "fields"),
    [
        ("operacao", "put_schedule", contract.SCHEDULE_FIELDS),
        ("financeiro", "set_up_billing", contract.BILLING_FIELDS),
        ("crm", "put_caregiver", cuidadores_crm.CAREGIVER),
    ],
)
def test_every_field_that_a_synchronisation_sends_is_shown_in_the_contract(system, name, fields):
    [operation] = [each for each in contract.of_system(system) if each.name == name]
    assert set(fields) <= {*operation.sends, *operation.may_send}
