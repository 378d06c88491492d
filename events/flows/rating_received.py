"""A family rated a caregiver in Cuidadores. A rating that the hub itself put there is known already."""

from typing import Annotated

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.atendimento import Atendimento
from carinho.services.crm import CRM
from carinho.services.operacao import Operacao
from events.flow import Data, Flow, StepEvent
from events.flows.feedback_received import UNHAPPY
from events.intake.payload import Identifier, Payload


class GivenRating(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    service_id: Identifier = Field(title="Atendimento")
    score: Annotated[int, Field(ge=1, le=5)] = Field(title="Nota")


def is_unhappy(rating: Data) -> bool:
    return rating["score"] <= UNHAPPY


flow = Flow(
    "rating.received",
    title=_("Nota em Cuidadores"),
    payload=GivenRating,
    sources=("cuidadores",),
    subject="caregiver_id",
)
flow.echo(
    source="cuidadores",
    of=("feedback.received", "rate_caregiver"),
    same={"caregiver_id": "caregiver_id", "service_id": "service_id", "score": "rating"},
)


@flow.delivery(to=Operacao, title=_("Ver de quem foi o atendimento"))
def find_client(operacao: Operacao, event: StepEvent) -> dict[str, int]:
    return {"client_id": operacao.client_of(event.payload["service_id"])}


@flow.delivery(to=CRM, title=_("Anotar no histórico"), after=find_client)
def add_history(crm: CRM, event: StepEvent) -> None:
    rating = event.payload
    crm.add_history(
        event.earlier["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=f"Avaliação {rating['score']} de 5.",
        data={field: rating[field] for field in ("service_id", "caregiver_id", "score")},
    )


@flow.delivery(to=Atendimento, title=_("Abrir um chamado"), when=is_unhappy)
def open_case(atendimento: Atendimento, event: StepEvent) -> None:
    rating = event.payload
    atendimento.open_case(
        {
            "type": "low_rating",
            "title": f"Avaliação {rating['score']} de 5.",
            "service_id": rating["service_id"],
            "caregiver_id": rating["caregiver_id"],
            "rating": rating["score"],
        }
    )
