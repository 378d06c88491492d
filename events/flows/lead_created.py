"""Somebody asked for care: the person is registered, greeted, and counted for the campaign."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from carinho.services.crm import CRM
from carinho.services.marketing import Marketing
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Part, Payload, Text
from whatsapp.messages import Category, Message
from whatsapp.phone import Phone
from whatsapp.templates import greeting


class Campaign(Part):
    source: Text | None = Field(None, title="Origem da campanha")
    medium: Text | None = Field(None, title="Mídia")
    campaign: Text | None = Field(None, title="Campanha")
    term: Text | None = Field(None, title="Termo")
    content: Text | None = Field(None, title="Conteúdo")


class NewLead(Payload):
    name: Text = Field(title="Nome")
    lid: Text | None = Field(None, title="Identificação no WhatsApp")
    phone: Phone | None = Field(None, title="Telefone", validate_default=True)
    email: Text | None = Field(None, title="E-mail")
    message: Text | None = Field(None, title="Mensagem")
    city: Text | None = Field(None, title="Cidade")
    utm: Campaign | None = Field(None, title="Campanha de marketing")

    @field_validator("phone")
    @classmethod
    def known_by_phone_or_lid(cls, phone: str | None, info: ValidationInfo) -> str | None:
        """WhatsApp may hide a person's number, and then gives only its own identification.

        A lead that gave Marketing neither is kept, for it would not be sent again; nobody can be called.
        """
        is_marketing = (info.context or {}).get("source") == "marketing"
        if phone is None and not info.data.get("lid") and not is_marketing:
            raise PydanticCustomError("missing", "Field required")
        return phone


def has_campaign(lead: Data) -> bool:
    return bool((lead.get("utm") or {}).get("campaign"))


def can_be_reached(lead: Data) -> bool:
    return bool(lead.get("phone") or lead.get("lid")) and not is_our_own(lead)


def is_our_own(lead: Data) -> bool:
    """Marketing tells us of every lead that it is given, also of those that we give it, with this id."""
    return str(lead.get("lead_id", "")).startswith("hub-")


flow = Flow(
    "lead.created",
    title=_("Novo lead"),
    payload=NewLead,
    sources=("site", "whatsapp", "marketing"),
    subject="phone",
)
flow.echo(source="marketing", of=("lead.created", "attribute_campaign"))
flow.echo(source="marketing", of=("client.registered", "record_conversion"))
flow.echo(source="marketing", of=("lead.created", "send_welcome"))  # a form tells us and Marketing alike
flow.echo(  # and Marketing may be the first: the form's words and origin still go to CRM
    source="site", of=("lead.created", "send_welcome"), cause_source="marketing", drops=("send_welcome",)
)


@flow.delivery(
    to=CRM,
    title=_("Cadastrar o lead"),
    when=can_be_reached,
    affected=ngettext_lazy(
        "%(count)d pessoa interessada não está no CRM",
        "%(count)d pessoas interessadas não estão no CRM",
        "count",
    ),
)
def register_lead(crm: CRM, event: StepEvent) -> dict[str, int]:
    lead = event.payload
    known = crm.find_lead(phone=lead.get("phone", ""), lid=lead.get("lid", ""))
    if known is None:
        known = crm.create_lead(_as_registered(lead, event.source))
    return {"lead_id": known.id}


def _as_registered(lead: Data, source: str) -> dict[str, Any]:
    """What names no other origin comes from a form of the site, also when a program hands it in."""
    fields = ("name", "phone", "lid", "email", "message", "city", "utm")
    given = {field: lead[field] for field in fields if lead.get(field)}
    return given | {"origin": source if source in ("whatsapp", "marketing") else "site"}


@flow.message(
    title=_("Enviar as boas-vindas"),
    when=can_be_reached,
    useful=timedelta(hours=24),
    affected=ngettext_lazy(
        "%(count)d pessoa não recebeu as boas-vindas",
        "%(count)d pessoas não receberam as boas-vindas",
        "count",
    ),
)
def send_welcome(event: StepEvent) -> Message:
    lead = event.payload
    return Message(
        "lead_welcome",
        to=lead.get("phone") or lead["lid"],
        category=Category.ANSWER,
        greeting=greeting(lead["name"]),
    )


@flow.delivery(to=Marketing, title=_("Atribuir à campanha"), after=register_lead, when=has_campaign)
def attribute_campaign(marketing: Marketing, event: StepEvent) -> None:
    marketing.attribute(event.earlier["lead_id"], event.payload["utm"])
