"""CRM changed a client: billing and agenda follow."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.financeiro import Financeiro
from carinho.services.operacao import Operacao
from events.flow import Flow, StepEvent
from events.intake.payload import Changes, Identifier, Payload
from whatsapp.phone import ChangedPhone


class ChangedClient(Changes):
    phone: ChangedPhone = Field(None, title="Telefone")


class UpdatedClient(Payload):
    client_id: Identifier = Field(title="Cliente")
    changes: ChangedClient = Field(title="Alterações")


flow = Flow(
    "client.updated",
    title=_("Cliente atualizado"),
    payload=UpdatedClient,
    sources=("crm",),
    subject="client_id",
)


@flow.delivery(to=Financeiro, title=_("Atualizar o cadastro"), record=("client_id",), kind="customer")
def update_customer(financeiro: Financeiro, event: StepEvent) -> None:
    financeiro.update_customer(event.payload["client_id"], event.payload["changes"])


@flow.delivery(to=Operacao, title=_("Atualizar o cliente"), record=("client_id",))
def update_client(operacao: Operacao, event: StepEvent) -> None:
    operacao.update_client(event.payload["client_id"], event.payload["changes"])
