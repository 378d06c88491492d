from datetime import timedelta

import pytest

from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Category, Message


def test_failed_payment_is_a_reminder_and_an_entry_in_the_history():
    assert outline(accept_sample("payment.failed")) == {
        "remind_client": ("whatsapp", ""),
        "add_history": ("crm", ""),
    }
    assert find_step("payment.failed", "remind_client").useful == timedelta(hours=48)


def test_reminder_names_the_amount_but_not_the_banks_reason(run):
    assert run("payment.failed", "remind_client").result == Message(
        "payment_failed", to="5511987654321", category=Category.NOTICE, amount="R$ 1.234,56"
    )


def test_history_of_the_client_has_the_reason(run):
    written = run("payment.failed", "add_history").service.add_history.call_args.kwargs
    assert written["summary"] == "Pagamento de R$ 1.234,56 não realizado. Motivo: Saldo insuficiente"
    assert written["data"]["reason"] == "Saldo insuficiente"


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("payment.failed", client_phone=None, invoice_id="sete")
    assert refused.value.fields == {
        "data.client_phone": "Campo obrigatório.",
        "data.invoice_id": "Deve ser um número inteiro.",
    }
