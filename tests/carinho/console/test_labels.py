"""What the audit log says of the thing that somebody touched."""

import pytest

from carinho.console import labels
from sync.labels import job_choices


def test_a_sync_is_named_by_the_systems_that_it_joins():
    assert {labels.target(name, "sync.start") for name, _title in job_choices()} == {
        str(title) for _name, title in job_choices()
    }


@pytest.mark.parametrize(
    ("target", "action", "said"),
    [
        ("event 246", "", "evento 246"),
        ("sync_failure 2", "", "registro com falha 2"),
        ("crm", "", "CRM"),
        ("55, 56", "", "#55, #56"),
        ("55, 56", "dead_letter.retry", "itens #55, #56"),
        ("7", "rejected_request.accept", "recusado #7"),
        ("1299", "delivery.try_now", "entrega #1299"),
        ("demo", "", "demo"),
        ("events.deadletter", "", "precisa de você"),
        ("2026-11-29 evening", "", "ronda do fim do dia de 29/11/2026"),
        ("lead_welcome", "", "Resposta a quem nos procurou"),
    ],
)
def test_other_targets_are_said_in_portuguese_or_by_their_own_name(target, action, said):
    assert labels.target(target, action) == said


@pytest.mark.parametrize(
    ("actor", "said"),
    [("user:ana", "ana"), ("key:crm", "chave crm"), ("bootstrap", "instalação"), ("hub", "hub")],
)
def test_who_did_it_is_said_in_portuguese(actor, said):
    assert labels.who(actor) == said
