"""A caregiver registered. Kept, and shown on the person's page."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text
from whatsapp.phone import Phone


class RegisteredCaregiver(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    name: Text | None = Field(None, title="Nome")
    phone: Phone | None = Field(None, title="Telefone")
    city: Text | None = Field(None, title="Cidade")
    status: Text | None = Field(None, title="Situação")


flow = Flow(
    "caregiver.created",
    title=_("Cuidador(a) cadastrado(a)"),
    payload=RegisteredCaregiver,
    sources=("cuidadores",),
    subject="caregiver_id",
)
