"""A rating given in Cuidadores."""

from unittest.mock import create_autospec

import pytest

from carinho.services.operacao import Operacao
from tests.events.flows.conftest import accept_sample, outline


@pytest.mark.parametrize(
    ("score", "steps"),
    [(2, {"find_client", "add_history", "open_case"}), (3, {"find_client", "add_history"})],
)
def test_only_an_unhappy_family_opens_a_case(score, steps):
    assert set(outline(accept_sample("rating.received", score=score))) == steps


def test_history_is_that_of_the_client_whose_visit_it_was(run):
    operacao = create_autospec(Operacao, instance=True)
    operacao.client_of.return_value = 204
    found = run("rating.received", "find_client", operacao)
    operacao.client_of.assert_called_once_with(9001)
    ran = run("rating.received", "add_history", earlier=found.result)
    assert ran.service.add_history.call_args.args == (204,)
    assert ran.service.add_history.call_args.kwargs["summary"] == "Avaliação 2 de 5."


def test_case_names_visit_caregiver_and_rating(run):
    [case] = run("rating.received", "open_case").service.open_case.call_args.args
    assert case == {
        "type": "low_rating",
        "title": "Avaliação 2 de 5.",
        "service_id": 9001,
        "caregiver_id": 77,
        "rating": 2,
    }
