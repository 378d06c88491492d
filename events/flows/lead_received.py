"""A person opened a conversation in Atendimento. What the hub itself forwarded there is known already."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.crm import CRM
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Identifier, Payload, Text
from whatsapp.phone import Phone
from whatsapp.templates import NAMELESS


class OpenedConversation(Payload):
    conversation_id: Identifier = Field(title="Conversa")
    contact_id: Identifier | None = Field(None, title="Contato no Atendimento")
    name: Text | None = Field(None, title="Nome")
    phone: Phone | None = Field(None, title="Telefone")
    email: Text | None = Field(None, title="E-mail")
    city: Text | None = Field(None, title="Cidade")
    message_id: Identifier | None = Field(None, title="Mensagem no Atendimento")
    message: Text | None = Field(None, title="Mensagem")
    media_url: Text | None = Field(None, title="Arquivo")


def has_phone(conversation: Data) -> bool:
    return bool(conversation.get("phone"))


flow = Flow(
    "lead_received",
    title=_("Conversa aberta no Atendimento"),
    payload=OpenedConversation,
    sources=("atendimento",),
    subject="phone",
)
flow.echo(source="atendimento", of=("whatsapp.inbound", "forward_message"))


@flow.delivery(to=CRM, title=_("Cadastrar o lead"), when=has_phone)
def register_lead(crm: CRM, event: StepEvent) -> dict[str, int]:
    person = event.payload
    known = crm.find_lead(phone=person["phone"])
    if known is None:
        fields = ("phone", "email", "message", "city")
        given: dict[str, Any] = {field: person[field] for field in fields if person.get(field)}
        known = crm.create_lead({"name": person.get("name") or NAMELESS, "origin": "whatsapp", **given})
    return {"lead_id": known.id}


@flow.delivery(to=CRM, title=_("Registrar a conversa"), after=register_lead)
def add_interaction(crm: CRM, event: StepEvent) -> None:
    written = {"text": event.payload.get("message"), "media_url": event.payload.get("media_url")}
    interaction = {
        "channel": "whatsapp",
        "direction": "inbound",
        "occurred_at": event.occurred_at.isoformat(),
        **{name: value for name, value in written.items() if value},
    }
    crm.add_interaction(event.earlier["lead_id"], interaction)
