"""A small flow to test the engine with, and the other systems at the wire."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses

from carinho.services.base import Service
from events.flow import Flow
from events.intake import envelope, ingestion
from events.intake.payload import Identifier, Payload, Text
from events.models import Delivery, Event

BILLING = "https://billing.test"


class Billing(Service):
    """Hours and invoices."""

    name = "billing"
    label = "Faturamento"
    title = "Billing"
    base_url = BILLING  # type: ignore[assignment]

    def headers(self) -> dict[str, str]:
        return {}

    def add_hours(self, visit_id: int) -> Any:
        return self.put(f"/visits/{visit_id}/hours", doing="add hours", json={"minutes": 60})

    def close(self, visit_id: int) -> Any:
        return self.post(f"/visits/{visit_id}/close", doing="close visit")


class Chat(Billing):
    """A system where a repeat would be seen twice."""

    name = "chat"
    title = "Chat"
    can_repeat = False


class FinishedVisit(Payload):
    id: Identifier
    family: Text = "family"
    close: bool = False
    chat: bool = False


@pytest.fixture
def flow() -> Iterator[Flow]:
    """`visit.finished`: hours in Billing; then, if asked, the visit is closed; Chat is told if asked."""
    flow = Flow(
        "visit.finished",
        title="Visita encerrada",
        payload=FinishedVisit,
        sources=("operacao",),
        subject="family",
    )

    @flow.delivery(to=Billing, title="Lançar as horas")
    def add_hours(billing: Billing, event: Any) -> Any:
        return billing.add_hours(event.payload["id"])

    @flow.delivery(
        to=Billing, title="Encerrar a visita", after=add_hours, when=lambda visit: visit.get("close")
    )
    def close_visit(billing: Billing, event: Any) -> Any:
        return billing.close(event.earlier["hours"])

    @flow.delivery(to=Chat, title="Avisar a família", when=lambda visit: visit.get("chat"))
    def tell_family(chat: Chat, event: Any) -> Any:
        return chat.close(event.payload["id"])

    yield flow
    del Flow.registry["visit.finished"]


@pytest.fixture
def calls() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def make_event(flow: Flow, db: None) -> Callable[..., Event]:
    """Store a visit as if Operação had sent it."""

    def make(id: int = 42, **data: Any) -> Event:
        body = {"type": flow.type, "id": f"visit-{id}", "data": {"id": id, "family": f"family-{id}"} | data}
        read = envelope.read(json.loads(json.dumps(body)), source="operacao")
        receipt = ingestion.record([read])[0]
        assert isinstance(receipt, ingestion.Receipt)
        return Event.objects.get(pk=receipt.event_id)

    return make


@pytest.fixture
def make_delivery(make_event: Callable[..., Event]) -> Callable[..., Delivery]:
    """One visit's `add_hours`, queued and due."""

    def make(id: int = 42, **data: Any) -> Delivery:
        return make_event(id, **data).deliveries.get(step="add_hours")

    return make
