import pytest

from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline


def test_changed_lead_goes_to_the_audience():
    assert outline(accept_sample("lead.updated")) == {"update_audience": ("marketing", "")}


def test_audience_gets_the_changes_by_phone(run):
    changes = {"stage": "proposta", "city": "Santo André"}
    run("lead.updated", "update_audience").service.update_audience.assert_called_once_with(
        "5511987654321", {"lead_id": 512, "changes": changes}
    )


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("lead.updated", lead_id="x", changes=[1])
    assert refused.value.fields == {
        "data.lead_id": "Deve ser um número inteiro.",
        "data.changes": "Deve ser um objeto com campos.",
    }
