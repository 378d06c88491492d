import pytest

from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline


def test_status_of_a_message_causes_nothing_elsewhere():
    accepted = accept_sample("whatsapp.status")
    assert outline(accepted) == {}
    assert accepted.data["status"] == "READ"


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("whatsapp.status", message_id="", changed_at=None)
    assert refused.value.fields == {
        "data.message_id": "Não pode ficar vazio.",
        "data.changed_at": "Campo obrigatório.",
    }
