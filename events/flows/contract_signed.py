"""A caregiver signed the contract with the company; a client's is another one. Kept only."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload


class SignedContract(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    contract_id: Identifier = Field(title="Contrato")


flow = Flow(
    "contract.signed",
    title=_("Contrato do(a) cuidador(a) assinado"),
    payload=SignedContract,
    sources=("cuidadores",),
    subject="caregiver_id",
)
