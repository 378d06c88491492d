from datetime import timedelta

import pytest

from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Message


def test_payment_is_thanked_remembered_and_lets_services_go_on():
    assert outline(accept_sample("payment.received")) == {
        "tell_client": ("whatsapp", ""),
        "add_history": ("crm", ""),
        "release_services": ("operacao", ""),
    }
    assert find_step("payment.received", "tell_client").useful == timedelta(hours=24)


def test_family_is_thanked_for_the_amount(run):
    assert run("payment.received", "tell_client").result == Message(
        "payment_received", to="5511987654321", amount="R$ 1.234,56", paid_at="domingo, 01/02"
    )


def test_payment_of_a_day_says_the_day_as_it_was_sent(run):
    ran = run("payment.received", "tell_client", paid_at="2026-02-01")
    assert ran.result.variables["paid_at"] == "domingo, 01/02"
    ran = run("payment.received", "add_history", paid_at="2026-02-01")
    assert ran.service.add_history.call_args.kwargs["data"]["paid_at"] == "2026-02-01"


def test_history_of_the_client_has_the_payment(run):
    ran = run("payment.received", "add_history")
    written = ran.service.add_history.call_args.kwargs
    assert written["summary"] == "Pagamento recebido: R$ 1.234,56."
    assert written["data"]["payment_id"] == 3310


def test_operacao_releases_the_services_of_this_client(run):
    run("payment.received", "release_services").service.release_services.assert_called_once_with(
        204, invoice_id=7120, payment_id=3310
    )


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("payment.received", amount=-1, paid_at="")
    assert refused.value.fields == {
        "data.amount": "Deve ser no mínimo 0.",
        "data.paid_at": "Deve ser data e hora, como 2026-01-23T10:30:00-03:00.",
    }
