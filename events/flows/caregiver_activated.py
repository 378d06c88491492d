"""A caregiver may be given visits. Announced by Cuidadores, which says it by the status so far."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class ActivatedCaregiver(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    reason: Text | None = Field(None, title="Motivo")


flow = Flow(
    "caregiver.activated",
    title=_("Cuidador(a) ativado(a)"),
    payload=ActivatedCaregiver,
    sources=("cuidadores",),
    subject="caregiver_id",
)
