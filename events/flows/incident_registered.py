"""Something went wrong at a visit: it stands in the client's history, and a grave one is an alert."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.crm import CRM
from carinho.services.operacao import Operacao
from events.flow import Flow, StepEvent
from events.intake.payload import Identifier, Payload, Text


class Incident(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    service_id: Identifier = Field(title="Atendimento")
    incident_type: Text = Field(title="O que houve")


flow = Flow(
    "incident.registered",
    title=_("Ocorrência em um atendimento"),
    payload=Incident,
    sources=("cuidadores",),
    subject="caregiver_id",
)


@flow.delivery(to=Operacao, title=_("Ver de quem foi o atendimento"))
def find_client(operacao: Operacao, event: StepEvent) -> dict[str, int]:
    return {"client_id": operacao.client_of(event.payload["service_id"])}


@flow.delivery(to=CRM, title=_("Anotar no histórico"), after=find_client)
def add_history(crm: CRM, event: StepEvent) -> None:
    incident = event.payload
    crm.add_history(
        event.earlier["client_id"],
        type=event.type,
        occurred_at=event.occurred_at,
        summary=f"Ocorrência no atendimento: {incident['incident_type']}.",
        data={field: incident[field] for field in ("service_id", "caregiver_id", "incident_type")},
    )
