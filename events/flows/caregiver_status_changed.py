"""A caregiver was activated, paused or blocked: Operação plans visits accordingly."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.operacao import Operacao
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Identifier, Payload, Text
from whatsapp.phone import Phone

AVAILABLE = {"active": True, "inactive": False, "blocked": False}  # of the others nothing follows


class ChangedCaregiver(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    name: Text | None = Field(None, title="Nome")
    phone: Phone | None = Field(None, title="Telefone")
    city: Text | None = Field(None, title="Cidade")
    status: Text = Field(title="Situação")


def says_whether_available(caregiver: Data) -> bool:
    return caregiver["status"] in AVAILABLE


flow = Flow(
    "caregiver.status_changed",
    title=_("Situação de cuidador(a)"),
    payload=ChangedCaregiver,
    sources=("cuidadores",),
    subject="caregiver_id",
)


@flow.delivery(
    to=Operacao, title=_("Avisar a Operação"), when=says_whether_available, record=("caregiver_id",)
)
def tell_operacao(operacao: Operacao, event: StepEvent) -> None:
    caregiver = event.payload
    operacao.set_availability(caregiver["caregiver_id"], available=AVAILABLE[caregiver["status"]])
