"""A visit got its date: the family and the caregiver are notified."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.crm import CRM
from carinho.services.cuidadores import Cuidadores
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Identifier, Moment, Payload, Text
from whatsapp.messages import Category, Message
from whatsapp.phone import Phone
from whatsapp.templates import day_and_time


class ScheduledService(Payload):
    service_id: Identifier = Field(title="Atendimento")
    client_id: Identifier = Field(title="Cliente")
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    client_phone: Phone = Field(title="Telefone do cliente")
    starts_at: Moment = Field(title="Início")
    address: Text = Field(title="Endereço")


def start(service: Data) -> datetime:
    return datetime.fromisoformat(service["starts_at"])


flow = Flow(
    "service.scheduled",
    title=_("Atendimento marcado"),
    payload=ScheduledService,
    sources=("operacao",),
    subject="client_id",
)


@flow.message(title=_("Avisar o cliente"), useful=start, record=("service_id",))
def tell_client(event: StepEvent) -> Message:
    service = event.payload
    return Message(
        "service_scheduled",
        to=service["client_phone"],
        category=Category.NOTICE,
        starts_at=day_and_time(start(service)),
        address=service["address"],
    )


@flow.delivery(to=Cuidadores, title=_("Avisar o(a) cuidador(a)"), record=("service_id", "caregiver_id"))
def tell_caregiver(cuidadores: Cuidadores, event: StepEvent) -> None:
    service = event.payload
    cuidadores.notify(
        service["caregiver_id"],
        type=event.type,
        text=f"Novo atendimento: {day_and_time(start(service))}. Endereço: {service['address']}",
        data={"service_id": service["service_id"], "starts_at": service["starts_at"]},
    )


@flow.delivery(to=CRM, title=_("Anotar no histórico"))
def add_history(crm: CRM, event: StepEvent) -> None:
    service = event.payload
    crm.add_history(
        service["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=f"Atendimento marcado para {day_and_time(start(service))}.",
        data={field: service[field] for field in ("service_id", "caregiver_id", "starts_at", "address")},
    )
