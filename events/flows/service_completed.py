"""A visit is over: the family is notified and later asked how it was, and the invoice is made."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.crm import CRM
from carinho.services.financeiro import Financeiro
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Identifier, Moment, Money, Payload, Text
from whatsapp.messages import Message, rating_of
from whatsapp.phone import Phone
from whatsapp.templates import day_and_time, first_name, greeting, money


class CompletedService(Payload):
    happened = "finished_at"
    service_id: Identifier = Field(title="Atendimento")
    client_id: Identifier = Field(title="Cliente")
    client_name: Text = Field(title="Nome do cliente")
    client_phone: Phone = Field(title="Telefone do cliente")
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    caregiver_name: Text = Field(title="Nome do(a) cuidador(a)")
    started_at: Moment = Field(title="Início")
    finished_at: Moment = Field(title="Término")
    amount: Money = Field(title="Valor")


def feedback_delay() -> int:
    return settings.FEEDBACK_DELAY_SECONDS


def end(service: Data) -> datetime:
    return datetime.fromisoformat(service["finished_at"])


flow = Flow(
    "service.completed",
    title=_("Atendimento concluído"),
    payload=CompletedService,
    sources=("operacao",),
    subject="client_id",
)


@flow.message(title=_("Avisar o cliente"), useful=timedelta(hours=24), record=("service_id",))
def tell_client(event: StepEvent) -> Message:
    service = event.payload
    return Message(
        "service_completed",
        to=service["client_phone"],
        greeting=greeting(service["client_name"]),
        caregiver=first_name(service["caregiver_name"]),
        finished_at=day_and_time(end(service)),
    )


@flow.message(
    title=_("Pedir a avaliação"),
    delay=feedback_delay,
    useful=timedelta(hours=48),
    affected=ngettext_lazy(
        "%(count)d família não recebeu o pedido de avaliação",
        "%(count)d famílias não receberam o pedido de avaliação",
        "count",
    ),
    record=("service_id",),
)
def ask_feedback(event: StepEvent) -> Message:
    service = event.payload
    return Message(
        "ask_feedback",
        to=service["client_phone"],
        choices=rating_of(service["service_id"]),
        greeting=greeting(service["client_name"]),
        caregiver=first_name(service["caregiver_name"]),
    )


@flow.delivery(
    to=Financeiro,
    title=_("Criar a fatura"),
    affected=ngettext_lazy(
        "%(count)d família está com fatura por criar",
        "%(count)d famílias estão com faturas por criar",
        "count",
    ),
    record=("service_id",),
    kind="invoice",
)
def create_invoice(financeiro: Financeiro, event: StepEvent) -> None:
    service = event.payload
    financeiro.bill_service(
        service["service_id"],
        client_id=service["client_id"],
        amount=service["amount"],
        finished_at=end(service),
        description=f"Atendimento com {service['caregiver_name']}, {day_and_time(end(service))}",
    )


@flow.delivery(to=CRM, title=_("Anotar no histórico"), record=("service_id",))
def add_history(crm: CRM, event: StepEvent) -> None:
    service = event.payload
    fields = ("service_id", "caregiver_id", "started_at", "finished_at", "amount")
    crm.add_history(
        service["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=f"Atendimento com {service['caregiver_name']} concluído: {money(service['amount'])}.",
        data={field: service[field] for field in fields},
    )
