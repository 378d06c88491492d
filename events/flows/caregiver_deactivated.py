"""A caregiver gets no more visits. Announced by Cuidadores, which says it by the status so far."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class DeactivatedCaregiver(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    reason: Text | None = Field(None, title="Motivo")


flow = Flow(
    "caregiver.deactivated",
    title=_("Cuidador(a) desativado(a)"),
    payload=DeactivatedCaregiver,
    sources=("cuidadores",),
    subject="caregiver_id",
)
