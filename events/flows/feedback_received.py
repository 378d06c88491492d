"""A family said how a visit was: the caregiver gets the rating, and a person sees to who is unhappy."""

from datetime import timedelta
from typing import Annotated

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.atendimento import Atendimento
from carinho.services.crm import CRM
from carinho.services.cuidadores import Cuidadores
from events.flow import Data, Flow, StepEvent
from events.intake.payload import Identifier, Payload, Text
from whatsapp.messages import Category, Message
from whatsapp.phone import Phone

UNHAPPY = 2  # this rating or a lower one is a case for a person


class Feedback(Payload):
    service_id: Identifier = Field(title="Atendimento")
    client_id: Identifier = Field(title="Cliente")
    client_phone: Phone | None = Field(None, title="Telefone do cliente")
    caregiver_id: Identifier | None = Field(None, title="Cuidador(a)")
    rating: Annotated[int, Field(ge=1, le=5)] = Field(title="Nota")
    comment: Text | None = Field(None, title="Comentário")


def has_caregiver(feedback: Data) -> bool:
    return bool(feedback.get("caregiver_id"))


def is_unhappy(feedback: Data) -> bool:
    return feedback["rating"] <= UNHAPPY


flow = Flow(
    "feedback.received",
    title=_("Avaliação recebida"),
    payload=Feedback,
    sources=("operacao", "cuidadores", "whatsapp"),
    subject="client_id",
)


@flow.delivery(to=CRM, title=_("Anotar no histórico"))
def add_history(crm: CRM, event: StepEvent) -> None:
    feedback = event.payload
    crm.add_history(
        feedback["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=_summary(feedback),
        data=_rating(feedback),
    )


@flow.delivery(to=Cuidadores, title=_("Avaliar o(a) cuidador(a)"), when=has_caregiver)
def rate_caregiver(cuidadores: Cuidadores, event: StepEvent) -> None:
    feedback = event.payload
    cuidadores.rate(
        feedback["caregiver_id"],
        service_id=feedback["service_id"],
        rating=feedback["rating"],
        comment=feedback.get("comment", ""),
    )


@flow.delivery(
    to=Atendimento,
    title=_("Abrir um chamado"),
    when=is_unhappy,
    affected=ngettext_lazy(
        "%(count)d família insatisfeita está sem chamado",
        "%(count)d famílias insatisfeitas estão sem chamado",
        "count",
    ),
)
def open_case(atendimento: Atendimento, event: StepEvent) -> None:
    feedback = event.payload
    case = {"type": "low_rating", "client_id": feedback["client_id"], "title": _summary(feedback)}
    atendimento.open_case(case | _rating(feedback))


@flow.message(
    title=_("Agradecer ao cliente"),
    useful=timedelta(hours=24),
    affected=ngettext_lazy(
        "%(count)d família não recebeu o agradecimento",
        "%(count)d famílias não receberam o agradecimento",
        "count",
    ),
)
def thank_client(event: StepEvent) -> Message:
    return Message("feedback_thanks", to=event.phone, category=Category.ANSWER)


def _summary(feedback: Data) -> str:
    comment = feedback.get("comment")
    return f"Avaliação {feedback['rating']} de 5" + (f": {comment}" if comment else ".")


def _rating(feedback: Data) -> Data:
    fields = ("service_id", "caregiver_id", "rating", "comment")
    return {field: feedback[field] for field in fields if feedback.get(field)}
