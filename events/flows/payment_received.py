"""A payment arrived: the family is thanked, and services that waited for it may go on."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.crm import CRM
from carinho.services.operacao import Operacao
from events.flow import Flow, StepEvent
from events.intake.payload import DayOrMoment, Identifier, Money, Payload
from whatsapp.messages import Message
from whatsapp.phone import Phone
from whatsapp.templates import day, money


class ReceivedPayment(Payload):
    payment_id: Identifier = Field(title="Pagamento")
    invoice_id: Identifier = Field(title="Fatura")
    client_id: Identifier = Field(title="Cliente")
    client_phone: Phone = Field(title="Telefone do cliente")
    amount: Money = Field(title="Valor")
    paid_at: DayOrMoment = Field(title="Pago em")


flow = Flow(
    "payment.received",
    title=_("Pagamento recebido"),
    payload=ReceivedPayment,
    sources=("financeiro",),
    subject="client_id",
)


@flow.message(title=_("Avisar o cliente"), useful=timedelta(hours=24), record=("payment_id",))
def tell_client(event: StepEvent) -> Message:
    payment = event.payload
    return Message(
        "payment_received",
        to=payment["client_phone"],
        amount=money(payment["amount"]),
        paid_at=day(datetime.fromisoformat(payment["paid_at"])),
    )


@flow.delivery(to=CRM, title=_("Anotar no histórico"), record=("payment_id",))
def add_history(crm: CRM, event: StepEvent) -> None:
    payment = event.payload
    crm.add_history(
        payment["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=f"Pagamento recebido: {money(payment['amount'])}.",
        data={field: payment[field] for field in ("payment_id", "invoice_id", "amount", "paid_at")},
    )


@flow.delivery(
    to=Operacao,
    title=_("Liberar os atendimentos"),
    affected=ngettext_lazy(
        "%(count)d família está com atendimentos por liberar",
        "%(count)d famílias estão com atendimentos por liberar",
        "count",
    ),
    record=("payment_id",),
)
def release_services(operacao: Operacao, event: StepEvent) -> None:
    payment = event.payload
    operacao.release_services(
        payment["client_id"], invoice_id=payment["invoice_id"], payment_id=payment["payment_id"]
    )
