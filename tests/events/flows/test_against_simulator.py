"""Every step of every sample, over HTTP, against the systems as the simulator plays them."""

import random
from itertools import islice

import pytest

from events.demo import scenarios
from events.flow import Flow, StepEvent
from events.intake import envelope
from tests.events.flows.conftest import accept_sample
from tests.events.flows.test_declarations import TYPES
from whatsapp import messages
from whatsapp.zapi import WhatsApp


@pytest.fixture
def simulator(simulator_process, settings):
    settings.SYSTEMS = {
        name: system | {"url": f"{simulator_process.url}/{name}", "key": "simulator"}
        for name, system in settings.SYSTEMS.items()
    }
    settings.ZAPI = settings.ZAPI | {"url": f"{simulator_process.url}/zapi"}
    simulator_process.reset()
    return simulator_process


def run_all(accepted):
    """Run the steps one after the other: what they brought back, and what they emitted."""
    results, emitted = {}, []
    for step in accepted.steps:
        event = StepEvent(
            id=1,
            type=accepted.type,
            source=accepted.source,
            occurred_at=accepted.occurred_at,
            payload=accepted.data,
            earlier=results.get(step.after),
            phone=accepted.phone,
        )
        service = step.to(f"{accepted.key}-{step.name}")
        if isinstance(service, WhatsApp):
            message = step.run(event)
            results[step.name] = service.send(messages.render(message, {}), to=message.to)
        else:
            results[step.name] = step.run(service, event)
        emitted += event.emitted
    return results, emitted


@pytest.mark.parametrize("type", TYPES)
def test_every_step_of_the_sample_succeeds(simulator, type):
    results, _ = run_all(accept_sample(type))
    sent = [results[step.name] for step in Flow.registry[type].steps.values() if step.to.name == "whatsapp"]
    assert all(result["message_id"] for result in sent)


def test_two_events_about_one_phone_make_one_lead(simulator):
    first, _ = run_all(accept_sample("lead.created"))
    again, _ = run_all(accept_sample("lead.created", name="Helena", phone="+55 11 98765-4321"))
    assert first["register_lead"] == again["register_lead"]
    assert len(simulator.state()["crm"]["records"]["leads"]) == 1


def test_contact_is_new_once_also_when_the_first_attempts_end_was_lost(simulator):
    message = accept_sample("whatsapp.inbound")
    first, emitted = run_all(message)
    again, emitted_again = run_all(message)
    assert first["identify_contact"] == again["identify_contact"]
    assert [e.key for e in emitted] == [e.key for e in emitted_again]
    _, emitted_later = run_all(accept_sample("whatsapp.inbound", message_id="another"))
    assert (len(emitted), emitted_later) == (1, [])
    assert len(simulator.state()["crm"]["records"]["leads"]) == 1


def test_contact_known_by_phone_is_found_by_lid_from_then_on(simulator):
    lead, _ = run_all(accept_sample("lead.created", phone="5521998765432"))
    run_all(accept_sample("whatsapp.inbound"))
    hidden, emitted = run_all(accept_sample("whatsapp.inbound", message_id="another", phone=None))
    assert (hidden["identify_contact"], emitted) == (lead["register_lead"], [])


def test_service_is_billed_once(simulator):
    run_all(accept_sample("service.completed"))
    run_all(accept_sample("service.completed", amount="1"))
    invoices = simulator.state()["financeiro"]["records"]["invoices"]
    assert [(invoice["reference"], invoice["amount"]) for invoice in invoices] == [
        ("service-9001", "1234.56")
    ]


def test_samples_of_the_demonstration_are_all_accepted(simulator):
    for sample in islice(scenarios.endless(random.Random(7)), 60):
        run_all(envelope.read(sample | {"source": "api"}, source="api"))
