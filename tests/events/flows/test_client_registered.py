from datetime import timedelta

import pytest

from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Message


def test_new_client_is_billed_welcomed_and_counted():
    assert outline(accept_sample("client.registered")) == {
        "create_customer": ("financeiro", ""),
        "send_client_welcome": ("whatsapp", ""),
        "record_conversion": ("marketing", ""),
    }
    assert find_step("client.registered", "send_client_welcome").useful == timedelta(hours=72)


@pytest.mark.parametrize("lead_id", [None, ""])
def test_client_who_was_no_lead_is_no_conversion(lead_id):
    assert "record_conversion" not in outline(accept_sample("client.registered", lead_id=lead_id))


def test_customer_has_what_is_known_of_the_client(run):
    run("client.registered", "create_customer", email="").service.create_customer.assert_called_once_with(
        {"client_id": 204, "name": "Helena Prado", "phone": "5511987654321", "document": "529.982.247-25"}
    )


def test_client_is_welcomed_by_the_first_name(run):
    assert run("client.registered", "send_client_welcome").result == Message(
        "client_welcome", to="5511987654321", greeting="Olá, Helena"
    )


def test_conversion_joins_lead_and_client(run):
    run("client.registered", "record_conversion").service.record_conversion.assert_called_once_with(
        512, client_id=204, converted_at="2026-01-26T09:12:00-03:00"
    )


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("client.registered", client_id=0, name=None)
    assert refused.value.fields == {
        "data.client_id": "Deve ser no mínimo 1.",
        "data.name": "Campo obrigatório.",
    }
