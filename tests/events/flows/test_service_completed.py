from datetime import datetime, timedelta

import pytest

from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Message, rating_of


def test_finished_visit_is_told_asked_about_billed_and_remembered():
    assert outline(accept_sample("service.completed")) == {
        "tell_client": ("whatsapp", ""),
        "ask_feedback": ("whatsapp", ""),
        "create_invoice": ("financeiro", ""),
        "add_history": ("crm", ""),
    }


def test_family_is_asked_how_it_was_after_the_delay_of_the_settings(settings):
    settings.FEEDBACK_DELAY_SECONDS = 7
    ask, tell = (find_step("service.completed", name) for name in ("ask_feedback", "tell_client"))
    assert (ask.delay(), tell.delay()) == (7, 0)
    assert (ask.useful, tell.useful) == (timedelta(hours=48), timedelta(hours=24))


def test_family_is_told_by_first_names(run):
    assert run("service.completed", "tell_client").result == Message(
        "service_completed",
        to="5511987654321",
        greeting="Olá, Helena",
        caregiver="Joana",
        finished_at="quinta-feira, 29/01, às 18h30",
    )


def test_rating_is_asked_for_this_service(run):
    assert run("service.completed", "ask_feedback").result == Message(
        "ask_feedback",
        to="5511987654321",
        choices=rating_of(9001),
        greeting="Olá, Helena",
        caregiver="Joana",
    )


def test_service_is_billed_with_its_amount_and_end(run):
    run("service.completed", "create_invoice").service.bill_service.assert_called_once_with(
        9001,
        client_id=204,
        amount="1234.56",
        finished_at=datetime.fromisoformat("2026-01-29T18:30:00-03:00"),
        description="Atendimento com Joana Teles, quinta-feira, 29/01, às 18h30",
    )


def test_history_of_the_client_has_the_amount(run):
    written = run("service.completed", "add_history").service.add_history.call_args.kwargs
    assert written["summary"] == "Atendimento com Joana Teles concluído: R$ 1.234,56."
    assert written["data"] == {
        "service_id": 9001,
        "caregiver_id": 77,
        "started_at": "2026-01-29T14:30:00-03:00",
        "finished_at": "2026-01-29T18:30:00-03:00",
        "amount": "1234.56",
    }


@pytest.mark.parametrize("amount", [150, 150.0, "150", "150.00"])
def test_amount_may_be_a_number_or_a_text(amount):
    assert accept_sample("service.completed", amount=amount).data["amount"] == "150.00"


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("service.completed", amount="caro", finished_at=None, caregiver_name=" ")
    assert refused.value.fields == {
        "data.amount": "Deve ser um valor em dinheiro, como 150.00.",
        "data.finished_at": "Campo obrigatório.",
        "data.caregiver_name": "Não pode ficar vazio.",
    }
