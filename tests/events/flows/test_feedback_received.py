from datetime import timedelta

import pytest

from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Category, Message

RATING = {"service_id": 9001, "caregiver_id": 77, "rating": 2, "comment": "A cuidadora chegou atrasada."}


def test_bad_rating_goes_to_everybody_concerned():
    assert outline(accept_sample("feedback.received")) == {
        "add_history": ("crm", ""),
        "rate_caregiver": ("cuidadores", ""),
        "open_case": ("atendimento", ""),
        "thank_client": ("whatsapp", ""),
    }
    assert find_step("feedback.received", "thank_client").useful == timedelta(hours=24)


@pytest.mark.parametrize(("rating", "is_case"), [(1, True), (2, True), ("2", True), (3, False), (5, False)])
def test_rating_of_two_or_less_is_a_case(rating, is_case):
    assert ("open_case" in outline(accept_sample("feedback.received", rating=rating))) is is_case


@pytest.mark.parametrize("caregiver_id", [None, ""])
def test_rating_of_no_caregiver_rates_nobody(caregiver_id):
    assert "rate_caregiver" not in outline(accept_sample("feedback.received", caregiver_id=caregiver_id))


@pytest.mark.parametrize("source", ["operacao", "cuidadores", "whatsapp"])
def test_three_systems_send_ratings(source):
    assert accept_sample("feedback.received", source=source).source == source


def test_history_of_the_client_has_rating_and_comment(run):
    written = run("feedback.received", "add_history").service.add_history.call_args.kwargs
    assert written["summary"] == "Avaliação 2 de 5: A cuidadora chegou atrasada."
    assert written["data"] == RATING


def test_rating_without_a_comment_is_a_rating(run):
    written = run("feedback.received", "add_history", comment=None).service.add_history.call_args.kwargs
    assert written["summary"] == "Avaliação 2 de 5."
    assert "comment" not in written["data"]


def test_caregiver_is_rated_for_this_service(run):
    run("feedback.received", "rate_caregiver").service.rate.assert_called_once_with(
        77, service_id=9001, rating=2, comment="A cuidadora chegou atrasada."
    )


def test_case_says_who_and_why(run):
    run("feedback.received", "open_case").service.open_case.assert_called_once_with(
        {
            "type": "low_rating",
            "client_id": 204,
            "title": "Avaliação 2 de 5: A cuidadora chegou atrasada.",
            **RATING,
        }
    )


def test_client_is_thanked(run):
    assert run("feedback.received", "thank_client").result == Message(
        "feedback_thanks", to="5511987654321", category=Category.ANSWER
    )


@pytest.mark.parametrize(
    ("rating", "sentence"),
    [
        (0, "Deve ser no mínimo 1."),
        (6, "Deve ser no máximo 5."),
        (4.5, "Deve ser um número inteiro."),
        ("ótimo", "Deve ser um número inteiro."),
        (None, "Campo obrigatório."),
    ],
)
def test_rating_is_one_to_five(rating, sentence):
    with pytest.raises(RequestRejected) as refused:
        accept_sample("feedback.received", rating=rating)
    assert refused.value.fields == {"data.rating": sentence}
