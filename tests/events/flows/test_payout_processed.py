import pytest

from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline


def test_payout_is_told_to_the_caregiver():
    accepted = accept_sample("payout.processed")
    assert outline(accepted) == {"tell_caregiver": ("cuidadores", "")}
    assert accepted.subject == "caregiver:77"


def test_notice_names_the_amount(run):
    run("payout.processed", "tell_caregiver").service.notify.assert_called_once_with(
        77,
        type="payout.processed",
        text="O seu repasse de R$ 987,60 foi feito.",
        data={"payout_id": 880, "amount": "987.60"},
    )


def test_wrong_fields_are_named():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("payout.processed", payout_id=None, amount=[])
    assert refused.value.fields == {
        "data.payout_id": "Campo obrigatório.",
        "data.amount": "Deve ser um valor em dinheiro, como 150.00.",
    }
