"""A lead became a client: billing knows them, they are welcomed, and the campaign gets its conversion."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.financeiro import Financeiro
from carinho.services.marketing import Marketing
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Identifier, Payload, Text
from whatsapp.messages import Message
from whatsapp.phone import Phone
from whatsapp.templates import greeting


class RegisteredClient(Payload):
    client_id: Identifier = Field(title="Cliente")
    name: Text = Field(title="Nome")
    phone: Phone = Field(title="Telefone")
    email: Text | None = Field(None, title="E-mail")
    document: Text | None = Field(None, title="CPF ou CNPJ")
    lead_id: Identifier | None = Field(None, title="Lead")


def was_a_lead(client: Data) -> bool:
    return bool(client.get("lead_id"))


flow = Flow(
    "client.registered",
    title=_("Novo cliente"),
    payload=RegisteredClient,
    sources=("crm",),
    subject="client_id",
)


@flow.delivery(
    to=Financeiro,
    title=_("Cadastrar o cliente"),
    affected=ngettext_lazy(
        "%(count)d cliente está sem cadastro no Financeiro",
        "%(count)d clientes estão sem cadastro no Financeiro",
        "count",
    ),
    record=("client_id",),
    kind="customer",
)
def create_customer(financeiro: Financeiro, event: StepEvent) -> None:
    fields = ("client_id", "name", "phone", "email", "document")
    financeiro.create_customer({field: event.payload[field] for field in fields if event.payload.get(field)})


@flow.message(
    title=_("Dar as boas-vindas ao cliente"),
    useful=timedelta(hours=72),
    affected=ngettext_lazy(
        "%(count)d cliente não recebeu as boas-vindas",
        "%(count)d clientes não receberam as boas-vindas",
        "count",
    ),
    record=("client_id",),
)
def send_client_welcome(event: StepEvent) -> Message:
    client = event.payload
    return Message("client_welcome", to=client["phone"], greeting=greeting(client["name"]))


@flow.delivery(
    to=Marketing, title=_("Registrar a conversão"), when=was_a_lead, record=("client_id", "lead_id")
)
def record_conversion(marketing: Marketing, event: StepEvent) -> None:
    client = event.payload
    marketing.record_conversion(
        client["lead_id"], client_id=client["client_id"], converted_at=event.occurred_at.isoformat()
    )
