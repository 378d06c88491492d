"""A payment did not go through: the family is reminded kindly."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.crm import CRM
from events.flow import Flow, StepEvent
from events.intake.payload import Identifier, Money, Payload, Text
from whatsapp.messages import Category, Message
from whatsapp.phone import Phone
from whatsapp.templates import money


class FailedPayment(Payload):
    payment_id: Identifier = Field(title="Pagamento")
    invoice_id: Identifier = Field(title="Fatura")
    client_id: Identifier = Field(title="Cliente")
    client_phone: Phone = Field(title="Telefone do cliente")
    amount: Money = Field(title="Valor")
    reason: Text = Field(title="Motivo")


flow = Flow(
    "payment.failed",
    title=_("Pagamento não realizado"),
    payload=FailedPayment,
    sources=("financeiro",),
    subject="client_id",
)


@flow.message(
    title=_("Lembrar o cliente do pagamento"),
    useful=timedelta(hours=48),
    affected=ngettext_lazy(
        "%(count)d família não foi lembrada do pagamento",
        "%(count)d famílias não foram lembradas do pagamento",
        "count",
    ),
)
def remind_client(event: StepEvent) -> Message:
    payment = event.payload
    return Message(
        "payment_failed",
        to=payment["client_phone"],
        category=Category.NOTICE,
        amount=money(payment["amount"]),
    )


@flow.delivery(to=CRM, title=_("Anotar no histórico"))
def add_history(crm: CRM, event: StepEvent) -> None:
    payment = event.payload
    crm.add_history(
        payment["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=f"Pagamento de {money(payment['amount'])} não realizado. Motivo: {payment['reason']}",
        data={field: payment[field] for field in ("payment_id", "invoice_id", "amount", "reason")},
    )
