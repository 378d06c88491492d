"""A caregiver's document passed its check. Kept only."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class VerifiedDocument(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    document_id: Identifier = Field(title="Documento")
    doc_type: Text | None = Field(None, title="Tipo de documento")


flow = Flow(
    "document.verified",
    title=_("Documento conferido"),
    payload=VerifiedDocument,
    sources=("cuidadores",),
    subject="caregiver_id",
)
