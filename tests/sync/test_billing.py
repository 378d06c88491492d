"""A service is billed once, whoever does it first: the flow at the end of a visit, or the nightly job."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from carinho.services.financeiro import Financeiro
from events.flow import Flow, StepEvent
from sync import runs, worker
from tests.sync.conftest import service

NAME = "sync.operacao_financeiro"
SERVICES = 60


def completed(number):
    data = service(number) | {"service_id": number, "amount": "150.00"}
    return StepEvent(number, "service.completed", "operacao", timezone.now(), data)


def bill_by_the_flow(numbers):
    step = Flow.registry["service.completed"].steps["create_invoice"]
    for number in numbers:
        step.run(Financeiro(f"delivery-{number}"), completed(number))


@pytest.mark.parametrize("who_is_first", ["flow", "sync", "both"])
def test_flow_and_nightly_job_bill_each_service_once(load, simulator, who_is_first):
    load(NAME, SERVICES)
    numbers = range(1, SERVICES + 1)
    runs.create_run(NAME, author="schedule")
    actions = [lambda: bill_by_the_flow(numbers), lambda: worker.go_on(NAME)]
    if who_is_first == "both":
        simulator.fault("financeiro", slow=10)
        at_once(*actions)
    else:
        for action in actions if who_is_first == "flow" else reversed(actions):
            action()
    world = simulator.state()
    made = world["financeiro"]["calls"]["PUT /api/v1/invoices/{reference}"]
    assert made == {"201": SERVICES, "200": SERVICES}
    invoices = {invoice["reference"]: invoice["id"] for invoice in world["financeiro"]["records"]["invoices"]}
    assert set(invoices) == {f"service-{number}" for number in numbers}
    billed = {
        row["id"]: row["invoice_id"] for row in world["operacao"]["records"]["services"] if row["billed"]
    }
    assert billed == {number: invoices[f"service-{number}"] for number in numbers}


def at_once(*actions):
    gate = threading.Barrier(len(actions))

    def go(action):
        gate.wait()
        try:
            action()
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
