from datetime import timedelta

import pytest

from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Category, Message


def test_cancelled_visit_is_told_not_billed_and_remembered():
    assert outline(accept_sample("service.cancelled")) == {
        "tell_client": ("whatsapp", ""),
        "cancel_invoice": ("financeiro", ""),
        "add_history": ("crm", ""),
    }
    assert find_step("service.cancelled", "tell_client").useful == timedelta(hours=24)


def test_family_is_told_why(run):
    assert run("service.cancelled", "tell_client").result == Message(
        "service_cancelled", to="5511987654321", category=Category.URGENT, reason="A família viajou."
    )


def test_invoice_of_this_service_is_cancelled(run):
    run("service.cancelled", "cancel_invoice").service.cancel_service_invoice.assert_called_once_with(9002)


def test_history_of_the_client_has_the_reason(run):
    ran = run("service.cancelled", "add_history")
    ran.service.add_history.assert_called_once_with(
        204,
        type="service.cancelled",
        occurred_at=ran.event.occurred_at,
        summary="Atendimento cancelado. Motivo: A família viajou.",
        data={"service_id": 9002, "reason": "A família viajou."},
    )


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("service.cancelled", reason=None, service_id=-1)
    assert refused.value.fields == {
        "data.reason": "Campo obrigatório.",
        "data.service_id": "Deve ser no mínimo 1.",
    }
