"""A caregiver's record changed: the values it has now. CRM gets them by its synchronisation."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text
from whatsapp.phone import Phone


class UpdatedCaregiver(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    name: Text | None = Field(None, title="Nome")
    phone: Phone | None = Field(None, title="Telefone")
    city: Text | None = Field(None, title="Cidade")
    status: Text | None = Field(None, title="Situação")


flow = Flow(
    "caregiver.updated",
    title=_("Cuidador(a) atualizado(a)"),
    payload=UpdatedCaregiver,
    sources=("cuidadores",),
    subject="caregiver_id",
)
