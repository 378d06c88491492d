"""Somebody who saw a campaign got in touch. Kept only: the contact itself comes by its own way."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Payload, Text
from whatsapp.phone import Phone


class RegisteredConversion(Payload):
    type: Text | None = Field(None, title="Tipo de conversão")
    phone: Phone | None = Field(None, title="Telefone")
    name: Text | None = Field(None, title="Nome")
    url: Text | None = Field(None, title="Página")


flow = Flow(
    "conversion.registered",
    title=_("Contato vindo de campanha"),
    payload=RegisteredConversion,
    sources=("marketing",),
    subject="phone",
)
