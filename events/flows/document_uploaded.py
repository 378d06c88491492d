"""A caregiver's document came in. Kept only."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class UploadedDocument(Payload):
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    document_id: Identifier = Field(title="Documento")
    doc_type: Text | None = Field(None, title="Tipo de documento")


flow = Flow(
    "document.uploaded",
    title=_("Documento recebido"),
    payload=UploadedDocument,
    sources=("cuidadores",),
    subject="caregiver_id",
)
