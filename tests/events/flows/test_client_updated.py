import pytest

from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline

CHANGES = {"email": "helena@example.com", "address": "Rua das Acácias, 120, Santo André"}


def test_changed_client_goes_to_billing_and_agenda():
    accepted = accept_sample("client.updated")
    assert outline(accepted) == {"update_customer": ("financeiro", ""), "update_client": ("operacao", "")}
    assert accepted.subject == "client:204"


def test_billing_and_agenda_get_the_changes(run):
    run("client.updated", "update_customer").service.update_customer.assert_called_once_with(204, CHANGES)
    run("client.updated", "update_client").service.update_client.assert_called_once_with(204, CHANGES)


def test_id_may_be_a_number_or_its_digits():
    assert accept_sample("client.updated", client_id="204").data["client_id"] == 204


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("client.updated", client_id=1.5, changes=None)
    assert refused.value.fields == {
        "data.client_id": "Deve ser um número inteiro.",
        "data.changes": "Campo obrigatório.",
    }


@pytest.mark.parametrize("type", ["client.updated", "lead.updated"])
@pytest.mark.parametrize(
    ("given", "kept"), [("(11) 98765-4321", "5511987654321"), (11987654321.0, "5511987654321"), ("", None)]
)
def test_changed_phone_is_read_as_every_other(type, given, kept):
    changes = {"phone": given, "tags": ["vip"]}
    assert accept_sample(type, changes=changes).data["changes"] == {"phone": kept, "tags": ["vip"]}


def test_changed_phone_that_is_none_is_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("client.updated", changes={"phone": "123"})
    assert list(refused.value.fields) == ["data.changes.phone"]
