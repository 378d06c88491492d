"""A visit will not happen: the family is notified, and nobody is billed for it."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.crm import CRM
from carinho.services.financeiro import Financeiro
from events.flow import Flow, StepEvent
from events.intake.payload import Identifier, Payload, Text
from whatsapp.messages import Category, Message
from whatsapp.phone import Phone


class CancelledService(Payload):
    service_id: Identifier = Field(title="Atendimento")
    client_id: Identifier = Field(title="Cliente")
    client_phone: Phone = Field(title="Telefone do cliente")
    reason: Text = Field(title="Motivo")


flow = Flow(
    "service.cancelled",
    title=_("Atendimento cancelado"),
    payload=CancelledService,
    sources=("operacao",),
    subject="client_id",
)


@flow.message(title=_("Avisar o cliente"), useful=timedelta(hours=24), record=("service_id",))
def tell_client(event: StepEvent) -> Message:
    service = event.payload
    return Message(
        "service_cancelled",
        to=service["client_phone"],
        category=Category.URGENT,
        reason=service["reason"],
    )


@flow.delivery(
    to=Financeiro,
    title=_("Cancelar a fatura"),
    affected=ngettext_lazy(
        "%(count)d família está com fatura por cancelar",
        "%(count)d famílias estão com faturas por cancelar",
        "count",
    ),
    record=("service_id",),
    kind="invoice",
)
def cancel_invoice(financeiro: Financeiro, event: StepEvent) -> None:
    financeiro.cancel_service_invoice(event.payload["service_id"])


@flow.delivery(to=CRM, title=_("Anotar no histórico"), record=("service_id",))
def add_history(crm: CRM, event: StepEvent) -> None:
    service = event.payload
    crm.add_history(
        service["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=f"Atendimento cancelado. Motivo: {service['reason']}",
        data={field: service[field] for field in ("service_id", "reason")},
    )
