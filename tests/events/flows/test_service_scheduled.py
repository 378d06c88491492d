from datetime import datetime

import pytest

from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Category, Message

WHEN = "terça-feira, 27/11, às 14h30"


def test_family_caregiver_and_history_hear_of_a_new_date():
    assert outline(accept_sample("service.scheduled")) == {
        "tell_client": ("whatsapp", ""),
        "tell_caregiver": ("cuidadores", ""),
        "add_history": ("crm", ""),
    }


def test_family_is_not_told_of_a_visit_that_has_begun():
    accepted = accept_sample("service.scheduled")
    until = find_step("service.scheduled", "tell_client").useful_until(accepted.data, accepted.received_at)
    assert until == datetime.fromisoformat("2035-11-27T14:30:00-03:00")


def test_family_is_told_day_time_and_place(run):
    assert run("service.scheduled", "tell_client").result == Message(
        "service_scheduled",
        to="5511987654321",
        category=Category.NOTICE,
        starts_at=WHEN,
        address="Rua das Acácias, 120, Santo André",
    )


def test_caregiver_gets_a_notice(run):
    run("service.scheduled", "tell_caregiver").service.notify.assert_called_once_with(
        77,
        type="service.scheduled",
        text=f"Novo atendimento: {WHEN}. Endereço: Rua das Acácias, 120, Santo André",
        data={"service_id": 9001, "starts_at": "2035-11-27T14:30:00-03:00"},
    )


def test_history_of_the_client_has_the_date(run):
    ran = run("service.scheduled", "add_history")
    assert ran.service.add_history.call_args.args == (204,)
    written = ran.service.add_history.call_args.kwargs
    assert (written["type"], written["occurred_at"]) == ("service.scheduled", ran.event.occurred_at)
    assert written["summary"] == f"Atendimento marcado para {WHEN}."
    assert written["data"]["service_id"] == 9001


def test_time_without_a_zone_is_a_time_in_sao_paulo():
    accepted = accept_sample("service.scheduled", starts_at="2035-11-27T14:30:00")
    assert accepted.data["starts_at"] == "2035-11-27T14:30:00-03:00"


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("service.scheduled", starts_at="amanhã", address="", caregiver_id=None)
    assert refused.value.fields == {
        "data.starts_at": "Deve ser data e hora, como 2026-01-23T10:30:00-03:00.",
        "data.address": "Não pode ficar vazio.",
        "data.caregiver_id": "Campo obrigatório.",
    }
