"""Somebody wrote to us on WhatsApp: CRM knows the contact, and a person of Atendimento reads the message."""

from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from carinho.services.atendimento import Atendimento
from carinho.services.crm import CRM, Lead
from carinho.services.errors import Rejected
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Moment, Payload, Text, ValueLabels
from whatsapp.phone import Phone
from whatsapp.templates import NAMELESS
from whatsapp.zapi import WhatsApp

LONGEST_MESSAGE = 65_536  # characters WhatsApp takes in one text
LONGEST_IN_LEAD = 4000
CONFLICT = 409
KINDS = {  # as whatsapp/callbacks/content.py names them
    "text": _("texto"),
    "image": _("foto"),
    "audio": _("áudio"),
    "video": _("vídeo"),
    "document": _("documento"),
    "sticker": _("figurinha"),
    "location": _("localização"),
    "contact": _("contato"),
    "reaction": _("reação"),
    "button": _("resposta por botão"),
    "list": _("resposta por lista"),
    "poll": _("enquete"),
    "poll_vote": _("voto em enquete"),
    "missed_call": _("chamada perdida"),
    "template": _("mensagem com botões"),
    "buttons": _("mensagem com botões"),
    "carousel": _("mensagem com cartões"),
    "pix_key": _("chave Pix"),
    "order": _("pedido"),
    "product": _("produto"),
    "review_and_pay": _("cobrança"),
    "review_order": _("andamento do pedido"),
    "request_payment": _("pedido de pagamento"),
    "send_payment": _("pagamento enviado"),
    "event": _("convite para evento"),
    "event_response": _("resposta a convite"),
    "pin": _("mensagem fixada"),
    "newsletter_invite": _("convite para canal"),
    "status_image": _("foto de status"),
    "contacts": _("contatos"),
    "contactsArray": _("contatos"),
    "album": _("álbum"),
    "sticker_pack": _("pacote de figurinhas"),
    "viewOnce": _("visualização única"),
    "unsupported": _("tipo que não mostramos"),
}


class InboundMessage(Payload):
    message_id: Annotated[Text, Field(max_length=120)] = Field(title="Mensagem")
    phone: Phone | None = Field(None, title="Telefone")
    lid: Annotated[Text, Field(max_length=60)] | None = Field(None, title="Identificação no WhatsApp")
    contact: Annotated[Text, Field(max_length=60)] = Field(title="Contato")
    name: Text | None = Field(None, title="Nome")
    kind: Annotated[Text, Field(max_length=30), ValueLabels(KINDS)] = Field(title="Tipo")
    text: Annotated[str, Field(max_length=LONGEST_MESSAGE)] | None = Field(None, title="Texto")
    media_url: Text | None = Field(None, title="Arquivo")
    received_at: Moment = Field(title="Recebida em")

    @field_validator("contact")
    @classmethod
    def known_by_phone_or_lid(cls, contact: str, info: ValidationInfo) -> str:
        """The contact is the lid or, without one, the phone: by it a person's messages keep their order."""
        if contact not in (info.data.get("lid"), info.data.get("phone")):
            raise PydanticCustomError("unknown_contact", "Deve ser o lid ou o telefone do contato.")
        return contact


flow = Flow(
    "whatsapp.inbound",
    title=_("Mensagem recebida no WhatsApp"),
    payload=InboundMessage,
    sources=(WhatsApp.name,),
    subject="contact",
)


@flow.delivery(to=CRM, title=_("Identificar o contato"))
def identify_contact(crm: CRM, event: StepEvent) -> dict[str, int]:
    message = event.payload
    lead = crm.find_lead(lid=message.get("lid", ""), phone=message.get("phone", ""))
    if lead is None:
        lead = crm.create_lead(
            _as_lead(message) | {"origin": "whatsapp", "first_message_id": message["message_id"]}
        )
    _complete(crm, lead, message)
    if lead.is_new or lead.first_message_id == message["message_id"]:  # the latter when this step runs again
        key = f"whatsapp-lead-{message['contact']}"
        event.emit("lead.created", _as_lead(message), source=WhatsApp.name, key=key)
    return {"lead_id": lead.id}


def _as_lead(message: Data) -> dict[str, Any]:
    known = {field: message[field] for field in ("phone", "lid") if message.get(field)}
    said = {"message": message["text"][:LONGEST_IN_LEAD]} if message.get("text") else {}
    return {"name": message.get("name") or NAMELESS, **known, **said}


def _complete(crm: CRM, lead: Lead, message: Data) -> None:
    """Give CRM the phone or lid it did not know, so that it finds the person by either one next time."""
    known = {"phone": lead.phone, "lid": lead.lid}
    news = {field: message[field] for field in known if message.get(field) and not known[field]}
    if lead.is_new or not news:
        return
    try:
        crm.update_lead(lead.id, news)
    except Rejected as error:
        if error.status != CONFLICT:  # another lead has that phone: joining the two is for people
            raise


@flow.delivery(to=CRM, title=_("Registrar a conversa"), after=identify_contact)
def add_interaction(crm: CRM, event: StepEvent) -> None:
    message = event.payload
    interaction = {"channel": "whatsapp", "direction": "inbound", "occurred_at": message["received_at"]}
    crm.add_interaction(event.earlier["lead_id"], interaction | _content(message))


@flow.delivery(
    to=Atendimento,
    title=_("Encaminhar a mensagem"),
    affected=ngettext_lazy(
        "%(count)d pessoa espera resposta: o Atendimento não viu a mensagem",
        "%(count)d pessoas esperam resposta: o Atendimento não viu as mensagens",
        "count",
    ),
)
def forward_message(atendimento: Atendimento, event: StepEvent) -> None:
    message = event.payload
    sender = {field: message[field] for field in ("contact", "phone", "lid", "name") if message.get(field)}
    atendimento.forward_message(
        {"channel": "whatsapp", "received_at": message["received_at"]} | sender | _content(message)
    )


def _content(message: Data) -> Data:
    fields = ("message_id", "kind", "text", "media_url")
    return {field: message[field] for field in fields if message.get(field)}
